import type Router from '@koa/router'
import {
  addSignInRoutes,
  noticeSignedOut,
  sessionOf,
  showPage,
  takeNotice,
  type WebApplication,
} from './web-application.ts'

/** Adds the pages of an application that is not the insurer's: it needs consent and gets a pairwise `sub`. */
export function addThirdParty(router: Router, app: WebApplication): void {
  addSignInRoutes(router, app)
  router.get('/third-party', async (ctx) => {
    const session = sessionOf(app, ctx)
    noticeSignedOut(session, ctx.query.state)
    const model = { title: app.brand, notice: takeNotice(session), signedIn: session?.signedIn }
    await showPage(app, ctx, 'third-party', model)
  })
}
