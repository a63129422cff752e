import type { Database } from '../database/database.ts'

/** One piece of post (contract.md, `GET /dev/postbox.json`). `to`: E.164, address, or insurance number. */
export type PostboxItem = {
  id: string
  kind: 'sms' | 'email' | 'letter'
  to: string
  subject: string
  text: string
  html: string | null
  code: string | null
  /** Every code of a letter, oldest registration first; empty where there is none. */
  codes: PostboxCode[]
  link: string | null
  createdAt: Date
  hasPdf: boolean
}

/** A code with the registration that it is for. */
export type PostboxCode = { code: string; registeredOn: string; registeredTime: string; maskedMobile: string }

type Row = Omit<PostboxItem, 'createdAt' | 'hasPdf' | 'codes'> & {
  codes: PostboxCode[] | null
  created_at: Date
  has_pdf: boolean
}

export type PostboxStore = ReturnType<typeof createPostboxStore>

/** Creates the store of the development postbox. Putting the same id twice leaves one item. */
export function createPostboxStore(db: Database) {
  const items = () => db('development_postbox')
  return {
    put: (item: Omit<PostboxItem, 'hasPdf' | 'codes'> & { codes?: PostboxCode[]; pdf?: Uint8Array }) =>
      items()
        .insert({
          id: item.id,
          kind: item.kind,
          to: item.to,
          subject: item.subject,
          text: item.text,
          html: item.html,
          pdf: item.pdf ? Buffer.from(item.pdf) : null,
          code: item.code,
          codes: item.codes ? JSON.stringify(item.codes) : null,
          link: item.link,
          created_at: item.createdAt,
        })
        .onConflict('id')
        .ignore(),
    /** Newest first, at most 200. */
    async list(filter: { to?: string; kind?: string }): Promise<PostboxItem[]> {
      const rows = await items()
        .modify((query) => {
          if (filter.to) query.where({ to: filter.to })
          if (filter.kind) query.where({ kind: filter.kind })
        })
        .orderBy('position', 'desc')
        .limit(200)
        .select(
          'id',
          'kind',
          'to',
          'subject',
          'text',
          'html',
          'code',
          'codes',
          'link',
          'created_at',
          db.raw('pdf is not null as has_pdf'),
        )
      return rows.map(({ created_at, has_pdf, codes, ...row }: Row) => ({
        ...{ ...row, codes: codes ?? [] },
        ...{ createdAt: created_at, hasPdf: has_pdf },
      }))
    },
    pdf: async (id: string): Promise<Buffer | null> => (await items().where({ id }).first('pdf'))?.pdf ?? null,
  }
}
