/** A condition is malformed. The message says where. */
export class MalformedConditionError extends Error {}

type Token = {
  readonly kind: "text" | "value" | "attribute" | "word" | "sign" | "end";
  readonly value: string;
};

const scanner =
  /\s*(?:'(?<text>[^']*)'|@(?<attribute>(?:Request|Resource|Principal|Environment)\[[^\]']+\])|(?<value>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+(?:\.\d+)?)|(?<word>[A-Za-z]+(?::[A-Za-z]+)?)|(?<sign>&&|\|\||[!(){},]))/iy;

/** The tokens of a condition, taken one by one. */
export class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  /** @throws MalformedConditionError if some text is not a token */
  constructor(source: string) {
    this.#tokens = tokens(source);
  }

  /** The next token, without taking it. */
  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", value: "" };
  }

  /** Takes the next token. */
  take(): Token {
    const token = this.peek();
    this.#next += 1;
    return token;
  }

  /** Takes the next token if it is one of these words or signs. */
  skip(...values: readonly string[]): boolean {
    const { kind, value } = this.peek();
    const fits = (kind === "word" || kind === "sign") && values.includes(value);
    if (fits) this.#next += 1;
    return fits;
  }

  /**
   * Takes the next token, which must be of this kind and, if given, of this value.
   * @throws MalformedConditionError
   */
  expect(kind: Token["kind"], value?: string): string {
    const token = this.take();
    if (token.kind !== kind || (value !== undefined && token.value !== value)) {
      throw new MalformedConditionError(
        `expected ${value || kind} but found ${token.value || token.kind} at token ${this.#next}`,
      );
    }
    return token.value;
  }
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(scanner);
  const end = source.trimEnd().length;
  while (pattern.lastIndex < end) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(source)?.groups;
    const entry = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (!entry) throw new MalformedConditionError(`unexpected text at position ${start}`);
    found.push({ kind: entry[0] as Token["kind"], value: entry[1] ?? "" });
  }
  return found;
}
