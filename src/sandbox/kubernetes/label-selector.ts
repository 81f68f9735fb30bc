import { goQuoted } from "./field-error.ts";
import { labelValue, qualifiedName } from "./metadata-validation.ts";
import { badRequest } from "./status.ts";

/*
 * The grammar of label selectors, with the API server's messages for selectors that do not follow it.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/labels/selector.go
 */

/** Whether an object with these labels is selected. */
export type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

const operators = ["in", "notin", "=", "==", "!=", "gt", "lt"];
const symbols = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
const end = "";

/** @throws StatusError 400 for a selector that does not follow the grammar */
export function labelSelector(text: string): LabelTest {
  const tests = new SelectorParser(text).parse();
  return (labels) => tests.every((test) => test(labels));
}

class SelectorParser {
  readonly #tokens: readonly string[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = text.match(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];
  }

  parse(): LabelTest[] {
    const tests: LabelTest[] = [];
    while (this.#next !== end) {
      if (this.#next !== "!" && isSymbol(this.#next)) {
        throw unexpected(this.#next, ", expected: !, identifier, or 'end of string'");
      }
      tests.push(this.#requirement());
      const separator = this.#take();
      if (separator === end) {
        break;
      }
      if (separator !== ",") {
        throw unexpected(separator, ", expected: ',' or 'end of string'");
      }
      if (this.#next === end || (this.#next !== "!" && isSymbol(this.#next))) {
        throw unexpected(this.#next, ", expected: identifier after ','");
      }
    }
    return tests;
  }

  get #next(): string {
    return this.#tokens[this.#position] ?? end;
  }

  #take(): string {
    const token = this.#next;
    this.#position += 1;
    return token;
  }

  #requirement(): LabelTest {
    const isNegated = this.#next === "!";
    if (isNegated) {
      this.#take();
    }
    const key = this.#take();
    if (key === end || isSymbol(key)) {
      throw badRequirement(found(key, ", expected: identifier"));
    }
    const [wrongKey] = qualifiedName(key);
    if (wrongKey !== undefined) {
      throw badRequirement(`<nil>: Invalid value: ${goQuoted(key)}: ${wrongKey}`);
    }
    if (isNegated) {
      return (labels) => !Object.hasOwn(labels, key);
    }
    if (this.#next === end || this.#next === ",") {
      return (labels) => Object.hasOwn(labels, key);
    }
    const operator = this.#take();
    const values = operator === "in" || operator === "notin" ? this.#list() : [this.#value(operator)];
    return comparison(key, operator, values);
  }

  #value(operator: string): string {
    if (!["=", "==", "!=", ">", "<"].includes(operator)) {
      throw badRequirement(found(operator, `, expected: ${operators.join(", ")}`));
    }
    if (this.#next === end || this.#next === ",") {
      return "";
    }
    const value = this.#take();
    if (isSymbol(value)) {
      throw badRequirement(found(value, ", expected: identifier"));
    }
    return value;
  }

  /** Values between parentheses. Nothing before or after a comma is the empty value. */
  #list(): string[] {
    const open = this.#take();
    if (open !== "(") {
      throw badRequirement(found(open, " expected: '('"));
    }
    const values: string[] = [];
    let isValueNext = true;
    for (let token = this.#take(); token !== ")"; token = this.#take()) {
      const isComma = token === ",";
      if (token === end || (isSymbol(token) && !isComma)) {
        throw badRequirement(
          found(token, isValueNext ? ", expected: ',', or identifier" : ", expected: ',' or ')'"),
        );
      }
      if (!isComma && !isValueNext) {
        throw badRequirement(found(token, ", expected: ',' or ')'"));
      }
      if (!isComma) {
        values.push(token);
      } else if (isValueNext) {
        values.push("");
      }
      isValueNext = isComma;
    }
    return isValueNext ? [...values, ""] : values;
  }
}

function isSymbol(token: string): boolean {
  return symbols.includes(token);
}

function comparison(key: string, operator: string, values: readonly string[]): LabelTest {
  for (const [index, value] of values.entries()) {
    const [wrong] = labelValue(value);
    if (wrong !== undefined) {
      throw badRequirement(`values[${index}][${key}]: Invalid value: ${goQuoted(value)}: ${wrong}`);
    }
  }
  if (operator === ">" || operator === "<") {
    return ordered(key, operator, values[0] ?? "");
  }
  return operator === "!=" || operator === "notin"
    ? (labels) => !Object.hasOwn(labels, key) || !values.includes(labels[key] ?? "")
    : (labels) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? "");
}

function ordered(key: string, operator: ">" | "<", value: string): LabelTest {
  const whole = /^-?\d+$/;
  if (!whole.test(value)) {
    throw badRequirement(
      `values[0]: Invalid value: ${goQuoted(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  return (labels) => {
    const label = labels[key] ?? "";
    return (
      whole.test(label) && (operator === ">" ? Number(label) > Number(value) : Number(label) < Number(value))
    );
  };
}

function found(token: string, expected: string): string {
  return `found '${token}'${expected}`;
}

function unexpected(token: string, expected: string): Error {
  return badRequest(found(token, expected));
}

function badRequirement(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}
