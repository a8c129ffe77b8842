import { type Selector, type SelectorOperator, selectorOperators } from './types';

/** One condition of a selector, as a row of the editor shows it. */
export interface Matcher {
  label: string;
  operator: SelectorOperator;
  value: string;
}

/** Splits "=~v2.*" into its operator and its operand; a value without an operator must be equal. */
export function parseValue(text: string): Pick<Matcher, 'operator' | 'value'> {
  const operator = selectorOperators.find((o) => o !== '=' && text.startsWith(o));
  return operator ? { operator, value: text.slice(operator.length) } : { operator: '=', value: text };
}

/** The inverse of parseValue. */
export function formatValue({ operator, value }: Pick<Matcher, 'operator' | 'value'>): string {
  return operator === '=' ? value : operator + value;
}

export function toMatchers(selector: Selector = {}): Matcher[] {
  return Object.entries(selector).map(([label, text]) => ({ label, ...parseValue(text) }));
}

/** Whether a row can be used. The value may be empty for !=, which means that the label must not be empty. */
function isComplete({ label, operator, value }: Matcher): boolean {
  return label.trim() !== '' && (value !== '' || operator === '!=');
}

/** Whether an earlier row has the same label as row i; a selector holds each label once. */
export function isRepeated(matchers: Matcher[], i: number): boolean {
  const label = matchers[i].label.trim();
  return label !== '' && matchers.slice(0, i).some((m) => m.label.trim() === label);
}

/** The selector of the rows, without incomplete and repeated ones. */
export function toSelector(matchers: Matcher[]): Selector {
  const selector: Selector = {};
  matchers.forEach((m, i) => {
    if (isComplete(m) && !isRepeated(matchers, i)) {
      selector[m.label.trim()] = formatValue(m);
    }
  });
  return selector;
}

/** Writes a selector as in PromQL, for people. */
export function describeSelector(selector: Selector = {}): string {
  const parts = toMatchers(selector).map((m) => `${m.label}${m.operator}${JSON.stringify(m.value)}`);
  return `{${parts.join(', ')}}`;
}
