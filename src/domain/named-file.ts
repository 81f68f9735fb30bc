import { close, constants, fstat, open, read, stat, type Stats } from "node:fs";
import { devNull } from "node:os";
import { promisify } from "node:util";
import { withOwnSignal } from "./own-signal.ts";
import { untilAborted } from "./until-aborted.ts";

/** How much of a file is read, and for how long. */
export interface FileBounds {
  /** The largest file that is read. Default 1 MiB. */
  readonly limitBytes?: number;
  /** Whether it may be a pipe, such as a shell makes for `<(...)`. A pipe can be read once, and gets five minutes. */
  readonly pipe?: boolean;
  /** The signal of the run. */
  readonly signal: AbortSignal;
}

const mebibyte = 1024 * 1024;
const pieceBytes = 64 * 1024;
const pipeLimitMs = 5 * 60_000;

/** A file that exists and can be opened, but is not one to read. */
class UnfitFileError extends Error {
  override readonly name = "UnfitFileError";
}

/**
 * Reads a file that the user names, within bounds: it may be a pipe that nobody writes to, a device without an end,
 * or far too large. Opening it never blocks.
 * @throws errors that `whyFileFailed` explains; the signal's reason as soon as it aborts
 */
export async function readNamedFile(path: string, bounds: FileBounds): Promise<Buffer> {
  bounds.signal.throwIfAborted();
  // Without O_NONBLOCK, opening a pipe waits for its writer in a thread that nothing can end. Windows has neither.
  const file = await promisify(open)(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const { limitBytes = mebibyte, pipe = false, signal } = bounds;
  const stats = await promisify(fstat)(file);
  if (stats.isFIFO() && pipe) return readPipe(file, limitBytes, signal);
  // It is closed only after the last read, because its number may belong to another file afterwards.
  const isReadable = stats.isFile() || (await isNothing(stats));
  const reading = isReadable
    ? readFile(file, limitBytes)
    : Promise.reject(new UnfitFileError(`it is ${kindOf(stats)}`));
  return untilAborted(
    reading.finally(() => close(file, () => {})),
    signal,
  );
}

/** Whether it is the null device, which people name when they want no kubeconfig. */
async function isNothing(stats: Stats): Promise<boolean> {
  return stats.isCharacterDevice() && (await promisify(stat)(devNull)).rdev === stats.rdev;
}

/** Why a file could not be read or written, for use after a colon or in brackets: `ENOENT`, or `it is a directory`. */
export function whyFileFailed(error: unknown): string {
  if (error instanceof UnfitFileError) return error.message;
  if (!(error instanceof Error)) return "it failed";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

async function readFile(file: number, limitBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let length = 0; ;) {
    // The size that the system reports is not used: it is 0 for files in /proc.
    const { bytesRead, buffer } = await promisify(read)(file, Buffer.alloc(pieceBytes), 0, pieceBytes, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    length += bytesRead;
    if (length > limitBytes) throw tooLarge(limitBytes);
    pieces.push(buffer.subarray(0, bytesRead));
  }
}

/** Reads through the event loop, where waiting for a writer blocks nothing else. Closes the file. */
async function readPipe(file: number, limitBytes: number, signal: AbortSignal): Promise<Buffer> {
  // Pipes are rare, and Node takes long to load this.
  const { Socket } = await import("node:net");
  const stream = new Socket({ fd: file, readable: true, writable: false });
  try {
    return await withOwnSignal(signal, async (own) => {
      own.signal.addEventListener("abort", () => stream.destroy(own.signal.reason as Error), { once: true });
      const late = new UnfitFileError(`the pipe sent nothing more for ${pipeLimitMs / 60_000} minutes`);
      const timer = setTimeout(() => own.abort(late), pipeLimitMs);
      try {
        return await allOf(stream, limitBytes);
      } finally {
        clearTimeout(timer);
      }
    });
  } finally {
    stream.destroy();
  }
}

async function allOf(stream: AsyncIterable<Buffer>, limitBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > limitBytes) throw tooLarge(limitBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function tooLarge(limitBytes: number): UnfitFileError {
  const size = limitBytes < mebibyte ? `${limitBytes / 1024} KiB` : `${limitBytes / mebibyte} MiB`;
  return new UnfitFileError(`it is larger than ${size}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a pipe";
  return stats.isCharacterDevice() || stats.isBlockDevice() ? "a device" : "not a regular file";
}
