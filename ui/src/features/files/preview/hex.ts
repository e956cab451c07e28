/** Bytes as rows of a dump. Pure. */

/** Bytes that one question brings; where they begin is a multiple of it. */
export const PAGE = 65_536;
/** Bytes that are scrolled through at once: a page of the window can't be higher than some 33 million pixels. */
export const SECTION = 8 * 1024 * 1024;

export function decode(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** `0001f8c0` */
export const offsetText = (offset: number): string => offset.toString(16).padStart(8, "0");

/** `7f 45 4c 46`, padded to the width of a whole row. */
export function hexText(bytes: Uint8Array, width: number): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(width * 3 - 1);
}

/** What can be printed of ASCII; a dot for the rest. */
export function asciiText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
}

/** An offset as it is typed: decimal, or hexadecimal with `0x`; null where it is neither or past the end. */
export function parseOffset(text: string, size: number): number | null {
  const words = text.trim().replaceAll(/[,_ ]/g, "");
  const value = /^0x[0-9a-f]+$/i.test(words) ? parseInt(words, 16) : /^\d+$/.test(words) ? Number(words) : NaN;
  return Number.isSafeInteger(value) && value < size ? value : null;
}
