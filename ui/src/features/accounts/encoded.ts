// What config.json would hold: base64, which is a way of writing and no lock. Computed in the page only.

/** How much of a secret is shown while it is hidden: enough to recognise, never the half. */
const SHOWN = 7;

export type Encoded = { /** as the file has it */ encoded: string; /** what anyone reads in it */ decoded: string; cut: boolean };

/** `auth` for a user name and a secret; cut after its beginning unless `whole`. */
export function encodedAuth(username: string, secret: string, whole: boolean): Encoded {
  const text = `${username}:${secret}`;
  const encoded = base64(text);
  const most = Math.min(SHOWN, Math.floor(secret.length / 2));
  if (whole || secret === "") return { encoded, decoded: text, cut: false };
  const shown = `${username}:${beginning(secret, most)}`;
  // Four letters hold three bytes: no more of them than what is shown in the clear.
  const letters = Math.floor(new TextEncoder().encode(shown).length / 3) * 4;
  return { encoded: encoded.slice(0, letters), decoded: shown, cut: true };
}

/** The first letters; half of a surrogate pair is none. */
function beginning(text: string, most: number): string {
  return Array.from(text).slice(0, most).join("");
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
