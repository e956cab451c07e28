/**
 * Makes text that came from elsewhere safe to look at: characters that would act on the screen instead of showing on
 * it (ANSI escapes, direction overrides, zero-width marks) are written as escapes, and endless text is cut.
 */
import { cut } from "../../lib/format";

// C0 and C1 controls without tab and line feed; soft hyphen; Arabic letter mark; Mongolian vowel separator; zero-width,
// direction, word-joiner and invisible-operator marks; byte-order mark; interlinear marks; line and paragraph
// separators; lone halves of a surrogate pair; tag characters.
const ACTING =
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g;

const escaped = (found: string) => {
  const point = found.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, "0")}`;
};

/** The text with acting characters as `\u202e`; the same text where it has none. */
export function visible(text: string): string {
  return text.replace(ACTING, escaped);
}

/** Text for one place of a page: cut first, then made visible. */
export function shown(text: string, most = 4096): string {
  return visible(cut(text, most));
}
