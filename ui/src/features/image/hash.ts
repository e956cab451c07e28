/** Hashes a document's text in the page, for documents whose bytes are not in the store. */
export async function hashText(text: string, like: string): Promise<{ digest: string; bytes: number; milliseconds: number }> {
  const name = like.startsWith("sha512:") ? "SHA-512" : "SHA-256";
  const bytes = new TextEncoder().encode(text);
  const began = performance.now();
  const hashed = new Uint8Array(await crypto.subtle.digest(name, bytes));
  const hex = Array.from(hashed, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { digest: `${name === "SHA-512" ? "sha512" : "sha256"}:${hex}`, bytes: bytes.length, milliseconds: performance.now() - began };
}
