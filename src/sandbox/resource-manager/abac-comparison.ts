import { MalformedConditionError, type Reader } from "./abac-reader.ts";

/** A request, as a condition sees it. */
export interface ConditionRequest {
  readonly action: string;
  /** Values by attribute, as a condition writes it after the `@`, in lower case: `request[…:name]`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A parsed condition. It yields undefined if the truth is unknown. */
export type Condition = (request: ConditionRequest) => boolean | undefined;

const comparisons: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  stringequals: (left, right) => left === right,
  stringstartswith: (left, right) => left.startsWith(right),
  // A GUID has one spelling, except for its letter case.
  guidequals: (left, right) => left.toLowerCase() === right.toLowerCase(),
  stringlike: (left, right) => likePattern(right).test(left),
};

// Operators without a comparison above are well formed, but no request here can be compared with them. Letter case
// does not matter: Microsoft's own samples write `stringEquals`.
const operators =
  /^(?:(?:ForAnyOfAnyValues|ForAllOfAnyValues|ForAnyOfAllValues|ForAllOfAllValues):)?(?:String(?:Not)?(?:Equals|StartsWith|Like)(?:IgnoreCase)?|Bool(?:Not)?Equals|Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|DateTime(?:Not)?Equals|DateTime(?:Less|Greater)Than(?:Equals)?|Guid(?:Not)?Equals|TimeOfDay(?:Not)?Equals|TimeOfDay(?:Less|Greater)Than(?:Equals)?)$/i;

/**
 * Parses the comparison of an attribute with a value or, if the operator is meant for it, with a set of values.
 * @throws MalformedConditionError
 */
export function comparison(reader: Reader): Condition {
  const attribute = reader.expect("attribute").toLowerCase();
  const operator = reader.expect("word");
  if (!operators.test(operator)) throw new MalformedConditionError(`no such operator: ${operator}`);
  const values = literals(reader);
  const {
    quantifier,
    base = "",
    blind,
  } = /^(?:for(?:any|all)of(?<quantifier>any|all)values:)?(?<base>.*?)(?<blind>ignorecase)?$/.exec(
    operator.toLowerCase(),
  )?.groups ?? {};
  const equal = comparisons[base.replace("not", "")];
  if (!equal || !values || (quantifier === undefined) === Array.isArray(values)) return () => undefined;
  const plain = (text: string) => (blind === undefined ? text : text.toLowerCase());
  return ({ attributes }) => {
    const actual = attributes[attribute];
    if (actual === undefined) return undefined;
    const holds = (value: string) => equal(plain(actual), plain(value)) !== base.includes("not");
    // An attribute has one value here, so only the right side's quantifier matters.
    const all = [values].flat();
    return quantifier === "any" ? all.some(holds) : all.every(holds);
  };
}

/** The value or set on the right. Undefined for another attribute, which is well formed but not compared here. */
function literals(reader: Reader): string | string[] | undefined {
  if (reader.peek().kind === "attribute") {
    reader.take();
    return undefined;
  }
  if (!reader.skip("{")) return literal(reader);
  const values: string[] = [];
  do values.push(literal(reader));
  while (reader.skip(","));
  reader.expect("sign", "}");
  return values;
}

function literal(reader: Reader): string {
  const { kind, value } = reader.peek();
  if (kind === "value" || (kind === "word" && /^(?:true|false)$/i.test(value))) return reader.take().value;
  return reader.expect("text");
}

/** `*` is any text, `?` any one character. */
function likePattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\/]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
