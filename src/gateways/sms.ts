/** An SMS ready to send. `to` in E.164; `id` makes the delivery idempotent. */
export type Sms = { id: string; to: string; text: string }

export type SmsGateway = { send(sms: Sms): Promise<void> }

/** Creates the delivery by an HTTP gateway: POST of JSON `{ id, to, text }`; any 2xx answer means accepted. */
export function createHttpSmsGateway({ url, timeout = 5000 }: { url: string; timeout?: number }): SmsGateway {
  return {
    async send({ id, to, text }) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': id },
        body: JSON.stringify({ id, to, text }),
        signal: AbortSignal.timeout(timeout),
      })
      await response.body?.cancel()
      if (!response.ok)
        throw Object.assign(new Error(`SMS gateway answered ${response.status}`), { code: `HTTP_${response.status}` })
    },
  }
}
