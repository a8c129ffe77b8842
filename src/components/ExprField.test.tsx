import { useState } from 'react';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { type AndonDataSource } from '../datasource';
import { answering, Editing } from '../testing/editors';
import { type Validation } from '../types';
import { validationDelay } from '../useValidation';
import { ExprField } from './ExprField';

jest.mock('@grafana/ui', () => ({
  ...jest.requireActual('@grafana/ui'),
  CodeEditor: jest.requireActual('../testing/editors').PlainCodeEditor,
}));

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const hint = 'PromQL, please';

/** The field alone: the whole editor takes a second to render on a busy machine. */
function Field({ datasource, initial = '' }: { datasource: AndonDataSource; initial?: string }) {
  const [expr, setExpr] = useState(initial);
  return (
    <ExprField
      datasource={datasource}
      language="promql"
      label="Query"
      value={expr}
      placeholder=""
      hint={hint}
      testId="andon-expr"
      onChange={setExpr}
      onBlur={() => {}}
      onRun={() => {}}
    />
  );
}

// By label: a search by role computes the name of every element.
const write = (expr: string) =>
  fireEvent.change(screen.getByLabelText('Query (PromQL)'), { target: { value: expr } });
const pass = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));
const message = () => screen.getByTestId('andon-expr-message').textContent?.trim();

// Finds fault with "rat(", as a parser that knows rate() would.
async function check(asked: string): Promise<Validation> {
  const start = asked.indexOf('rat(');
  return start < 0 ? { asked } : { asked, error: 'unknown function with name "rat"', start, end: start + 3 };
}

it('shows what is wrong, and where', async () => {
  render(<Field datasource={answering({ validate: check })} initial="sum(rat(up[5m]))" />);
  expect(message()).toBe(hint);
  await pass(validationDelay);
  expect(message()).toBe('unknown function with name "rat", at rat');
  expect(screen.getByText('rat').tagName).toBe('CODE');
});

it('takes the wrong part from what was asked, variables replaced', async () => {
  const datasource = answering({ validate: (expr) => check(expr.replace('$sum', 'sum by (pod)')) });
  render(<Field datasource={datasource} initial="$sum(rat(up[5m]))" />);
  await pass(validationDelay);
  expect(screen.getByText('rat').tagName).toBe('CODE');
});

it('asks once when typing stops', async () => {
  const validate = jest.fn((expr: string, _language: string) => check(expr));
  render(<Field datasource={answering({ validate })} />);
  write('r');
  await pass(validationDelay - 1);
  write('rat(');
  await pass(validationDelay - 1);
  expect(validate).not.toHaveBeenCalled();
  await pass(1);
  expect(validate.mock.calls).toEqual([['rat(', 'promql']]);
});

it('forgets a fault as soon as the expression changes', async () => {
  render(<Field datasource={answering({ validate: check })} initial="rat(up[5m])" />);
  await pass(validationDelay);
  expect(message()).toContain('unknown function');
  write('rate(up[5m])');
  expect(message()).toBe(hint);
  await pass(validationDelay);
  expect(message()).toBe(hint);
});

it('ignores an answer that comes too late', async () => {
  const answers: Array<() => void> = [];
  const slow = (asked: string) =>
    new Promise<Validation>((resolve) => answers.push(() => resolve({ asked, error: `no ${asked}` })));
  render(<Field datasource={answering({ validate: slow })} initial="first" />);
  await pass(validationDelay);
  write('second');
  await pass(validationDelay);
  await act(async () => answers[1]());
  await act(async () => answers[0]());
  expect(message()).toBe('no second');
});

it('says nothing of an empty expression, nor when the back end does not answer', async () => {
  const validate = jest.fn(() => Promise.reject(new Error('502')));
  render(<Field datasource={answering({ validate })} />);
  await pass(validationDelay);
  expect(validate).not.toHaveBeenCalled();
  write('up');
  await pass(validationDelay);
  expect(validate).toHaveBeenCalledTimes(1);
  expect(message()).toBe(hint);
});

it('reads LogQL where log lines are asked for', async () => {
  const validate = jest.fn(async (asked: string, _language: string) => ({ asked }));
  const initial = { queryType: 'clusters', expr: '{app="checkout"}' } as const;
  render(<Editing datasource={answering({ validate })} initial={initial} />);
  await pass(validationDelay);
  expect(validate.mock.calls).toEqual([[initial.expr, 'logql']]);
  expect(screen.getByLabelText('Log query (LogQL)')).toHaveValue(initial.expr);
});
