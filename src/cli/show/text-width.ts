import measure from "fast-string-truncated-width";

/** How many columns of a terminal a text takes that holds no control characters; a wide character takes two. */
export function columnsOf(text: string): number {
  return measure(text).width;
}

/** The text, cut with an ellipsis at its end where it would take more than so many columns. */
export function cutTo(columns: number, text: string): string {
  if (columns <= 0) return "";
  const { index, truncated } = measure(text, { limit: columns, ellipsis: "…", ellipsisWidth: 1 });
  return truncated ? `${text.slice(0, index)}…` : text;
}
