/** A digest-shaped name for a piece of make-believe: equal seeds give equal digests. */
export function fakeDigest(seed: string): string {
  let hex = "";
  let state = 0x811c9dc5;
  for (let round = 0; hex.length < 64; round += 1) {
    for (const character of `${round}${seed}`) {
      state ^= character.codePointAt(0) ?? 0;
      state = Math.imul(state, 0x01000193) >>> 0;
    }
    hex += state.toString(16).padStart(8, "0");
  }
  return `sha256:${hex}`;
}
