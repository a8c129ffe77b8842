import { type Selector } from './types';

export const operators = ['=', '!=', '=~', '!~'] as const;
export type Operator = (typeof operators)[number];

/** One condition of a selector, as a row of the editor shows it. */
export interface Matcher {
  label: string;
  operator: Operator;
  value: string;
}

/** Splits "=~v2.*" into its operator and its operand; a value without an operator must be equal. */
export function parseValue(text: string): Pick<Matcher, 'operator' | 'value'> {
  const operator = operators.find((o) => o !== '=' && text.startsWith(o));
  return operator ? { operator, value: text.slice(operator.length) } : { operator: '=', value: text };
}

/** The inverse of parseValue. */
export function formatValue({ operator, value }: Pick<Matcher, 'operator' | 'value'>): string {
  return operator === '=' ? value : operator + value;
}

export function toMatchers(selector: Selector = {}): Matcher[] {
  return Object.entries(selector).map(([label, text]) => ({ label, ...parseValue(text) }));
}

/** Tells whether a row is filled in so far that it can be asked for. A label may be asked to be not empty. */
function isComplete({ label, operator, value }: Matcher): boolean {
  return label.trim() !== '' && (value !== '' || operator === '!=');
}

/** Tells whether an earlier row already names the label of row i; a selector holds a label once. */
export function isRepeated(matchers: Matcher[], i: number): boolean {
  const label = matchers[i].label.trim();
  return label !== '' && matchers.slice(0, i).some((m) => m.label.trim() === label);
}

/** Returns the selector that the rows say so far: rows that are incomplete or repeated are left out. */
export function toSelector(matchers: Matcher[]): Selector {
  const selector: Selector = {};
  matchers.forEach((m, i) => {
    if (isComplete(m) && !isRepeated(matchers, i)) {
      selector[m.label.trim()] = formatValue(m);
    }
  });
  return selector;
}

/** Writes a selector as PromQL does, for people. */
export function describeSelector(selector: Selector = {}): string {
  const parts = toMatchers(selector).map((m) => `${m.label}${m.operator}${JSON.stringify(m.value)}`);
  return `{${parts.join(', ')}}`;
}
