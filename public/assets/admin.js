// Small helps of the console; every page works without them.
document.addEventListener('keydown', (event) => {
  const search = document.querySelector('[data-search]')
  const typing =
    event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable]')
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey || !search) return
  event.preventDefault()
  search.focus()
})
