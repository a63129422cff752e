import { Ajv2020 } from 'ajv/dist/2020.js'

type Described = { responses: Record<string, { content?: Record<string, { schema: object }> }> }
export type Document = { paths: Record<string, Record<string, Described & Record<string, never>>>; components: object }

type Answer = { status: number; headers: Headers; body: unknown; text: string }

/** Throws when an answer is not what the document says. */
export type Check = (method: string, path: string, answer: Answer) => void

/** Holds answers against the document: their status, their type, and every value in them. */
export function createCheck({ paths, components }: Document): Check {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ $id: 'document', components })
  const operationOf = (method: string, path: string) => {
    const plain = path.split('?', 1)[0] ?? ''
    const found = Object.entries(paths).filter(([each]) =>
      new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
    )
    return found.map(([, item]) => item[method.toLowerCase()]).find(Boolean)
  }
  return (method: string, path: string, { status, headers, body, text }): void => {
    const operation = operationOf(method, path)
    const type = headers.get('content-type')?.split(';')[0] ?? ''
    if (status >= 400 && type !== 'application/problem+json')
      throw new Error(`${method} ${path}: ${status} is ${type}: ${text}`)
    // What is refused before anything looks at the address is the same everywhere.
    if (!operation || [304, 405, 414, 431].includes(status)) return
    const described = operation.responses[status]
    if (!described) throw new Error(`${method} ${path}: the document knows no ${status}: ${text}`)
    if (!described.content && text) throw new Error(`${method} ${path}: ${status} has a body`)
    const schema = described.content?.[type]?.schema
    if (described.content && !schema) throw new Error(`${method} ${path}: ${status} is ${type}`)
    if (!schema) return
    const own = '$ref' in schema ? { $ref: `document${String(schema.$ref)}` } : schema
    if (!ajv.validate(own, body)) throw new Error(`${method} ${path}: ${ajv.errorsText()}`)
  }
}
