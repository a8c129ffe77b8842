import {
  describeSelector,
  formatValue,
  isRepeated,
  type Matcher,
  parseValue,
  toMatchers,
  toSelector,
} from './selector';

const row = (label: string, value: string, operator: Matcher['operator'] = '='): Matcher => ({
  label,
  operator,
  value,
});

describe('a value', () => {
  it.each([
    ['v2', '=', 'v2'],
    ['!=v2', '!=', 'v2'],
    ['=~v2.*', '=~', 'v2.*'],
    ['!~v[12]', '!~', 'v[12]'],
    ['', '=', ''],
    ['!=', '!=', ''],
    ['=v2', '=', '=v2'],
    ['a!=b', '=', 'a!=b'],
  ])('%j is %s %j, and is written back as it was', (text, operator, value) => {
    expect(parseValue(text)).toEqual({ operator, value });
    expect(formatValue(parseValue(text))).toBe(text);
  });
});

describe('rows', () => {
  it('come from a selector and go back to it', () => {
    const selector = { version: '!=v2', env: 'prod' };
    expect(toMatchers(selector)).toEqual([row('version', 'v2', '!='), row('env', 'prod')]);
    expect(toSelector(toMatchers(selector))).toEqual(selector);
  });

  it.each<[string, Matcher[], Record<string, string>]>([
    ['without a label', [row(' ', 'v2')], {}],
    ['without a value', [row('version', ''), row('env', '', '=~')], {}],
    ['that want a label not to be empty', [row('version', '', '!=')], { version: '!=' }],
    ['with spaces around the label', [row(' version ', 'v2')], { version: 'v2' }],
    ['that repeat a label', [row('version', 'v1'), row('version', 'v2')], { version: 'v1' }],
  ])('%s', (_name, rows, want) => {
    expect(toSelector(rows)).toEqual(want);
  });

  it('are repeated from the second on', () => {
    const rows = [row('version', 'v1'), row('version', 'v2'), row('', '')];
    expect(rows.map((_, i) => isRepeated(rows, i))).toEqual([false, true, false]);
  });
});

it('is described as PromQL writes it', () => {
  expect(describeSelector({ version: '!~v"1', env: 'prod' })).toBe('{version!~"v\\"1", env="prod"}');
});
