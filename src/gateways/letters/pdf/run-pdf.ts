import { setImmediate } from 'node:timers/promises'
import { formatLetterMark } from '../../../domain/letters/letter-mark.ts'
import { drawSheetMark } from './data-matrix.ts'
import { drawLetter, openDocument, type Sender, UnprintableLetter } from './letter.ts'
import type { Envelope, LetterContent } from './letter-content.ts'
import { type Document, drawArtifact, type Fonts } from './pen.ts'

/** What the manifest says about an envelope: its place in the run from 1, its first letter, and its sheets of two pages. */
export type PrintedSheets = { sequence: number; id: string; kind: LetterContent['kind']; sheets: number }

type Sink = {
  /** Takes the next bytes of the file; the drawing waits for it, so that nothing piles up. */
  write(bytes: Uint8Array): Promise<void>
  onLetter(sheets: PrintedSheets): void
  /** An envelope whose address does not fit the window; the others go on without it. */
  onUnprintable(fault: UnprintableLetter): Promise<void>
}

/** Draws the envelopes of a run, given in batches, into one file; writes nothing when there is none. */
export type RunPdf = (batches: AsyncIterable<readonly Envelope[]>, sink: Sink) => Promise<void>

/**
 * Makes the drawing of print runs. It is for a printer that prints both sides throughout: every letter begins on a front side,
 * every front side has the mark of its sheet in the envelope, a side that is left over is blank. The file is not tagged, as nobody reads it
 * on a screen and the tree would grow with every letter; the same letters give the same bytes.
 */
export function drawRun(sender: Sender, fonts: Fonts): RunPdf {
  return async (batches, sink) => {
    let output: { doc: Document; drain(): Promise<void> } | undefined
    let sequence = 0
    for await (const envelopes of batches) {
      for (const envelope of envelopes) {
        const [top] = envelope.letters
        if (!top) continue
        output ??= openOutput(openDocument(top, sender, fonts, { tagged: false }), sink)
        const sheets = await drawOrSkip(output.doc, envelope, sender, sequence + 1, sink)
        if (sheets === 0) continue
        sequence++
        sink.onLetter({ sequence, id: envelope.id, kind: top.kind, sheets })
        await output.drain()
        // A run holds thousands of letters; requests get their turn in between.
        await setImmediate()
      }
    }
    if (!output || sequence === 0) return
    output.doc.end()
    await output.drain()
  }
}

/** pdfkit writes as it draws; what it wrote is taken away after each letter. */
function openOutput(doc: Document, sink: Sink) {
  let waiting: Buffer[] = []
  doc.on('data', (chunk: Buffer) => waiting.push(chunk))
  return {
    doc,
    async drain() {
      // The stream hands its data over in later turns of the event loop.
      await setImmediate()
      const taken = waiting
      waiting = []
      if (taken.length > 0) await sink.write(Buffer.concat(taken))
    },
  }
}

async function drawOrSkip(doc: Document, envelope: Envelope, sender: Sender, sequence: number, sink: Sink) {
  try {
    for (const letter of envelope.letters) {
      drawLetter(doc, null, letter, sender)
      if (doc.bufferedPageRange().count % 2 === 1) doc.addPage()
    }
  } catch (fault) {
    // All letters of an envelope have one address: the first one is refused, and nothing is drawn.
    if (!(fault instanceof UnprintableLetter)) throw fault
    await sink.onUnprintable(fault)
    return 0
  }
  return markSheets(doc, envelope.id, sequence)
}

/** Marks every front side once their number is known, and lets the pages go. Answers the sheets. */
function markSheets(doc: Document, letterId: string, sequence: number): number {
  const { start, count } = doc.bufferedPageRange()
  const sheets = count / 2
  for (let sheet = 1; sheet <= sheets; sheet++) {
    doc.switchToPage(start + (sheet - 1) * 2)
    const mark = { letterId, sequence, sheet, sheets }
    drawArtifact(doc, 'Layout', () => drawSheetMark(doc, formatLetterMark(mark), `${sequence} · ${sheet}/${sheets}`))
  }
  doc.flushPages()
  return sheets
}
