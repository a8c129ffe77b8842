import { act, fireEvent, render, screen } from '@testing-library/react';
import { answering, Editing } from '../testing/editors';
import { type Validation } from '../types';
import { validationDelay } from '../useValidation';

jest.mock('@grafana/ui', () => ({
  ...jest.requireActual('@grafana/ui'),
  CodeEditor: jest.requireActual('../testing/editors').PlainCodeEditor,
}));

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const write = (expr: string) =>
  fireEvent.change(screen.getByRole('textbox', { name: 'Query (PromQL)' }), { target: { value: expr } });
const pass = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));
const message = () => screen.getByTestId('andon-expr-message').textContent?.trim();
const hint = /^PromQL that keeps the node label/;

// Finds fault with "rat(", as a parser that knows rate() would.
async function check(asked: string): Promise<Validation> {
  const start = asked.indexOf('rat(');
  return start < 0 ? { asked } : { asked, error: 'unknown function with name "rat"', start, end: start + 3 };
}

it('shows what is wrong, and where', async () => {
  render(<Editing datasource={answering({ validate: check })} initial={{ expr: 'sum(rat(up[5m]))' }} />);
  expect(message()).toMatch(hint);
  await pass(validationDelay);
  expect(message()).toBe('unknown function with name "rat", at rat');
  expect(screen.getByText('rat').tagName).toBe('CODE');
});

it('takes the wrong part from what was asked, variables replaced', async () => {
  const datasource = answering({ validate: (expr) => check(expr.replace('$sum', 'sum by (pod)')) });
  render(<Editing datasource={datasource} initial={{ expr: '$sum(rat(up[5m]))' }} />);
  await pass(validationDelay);
  expect(screen.getByText('rat').tagName).toBe('CODE');
});

it('asks once when typing stops', async () => {
  const validate = jest.fn((expr: string, _language: string) => check(expr));
  render(<Editing datasource={answering({ validate })} initial={{ editor: 'code' }} />);
  write('r');
  await pass(validationDelay - 1);
  write('rat(');
  await pass(validationDelay - 1);
  expect(validate).not.toHaveBeenCalled();
  await pass(1);
  expect(validate.mock.calls).toEqual([['rat(', 'promql']]);
});

it('forgets a fault as soon as the expression changes', async () => {
  render(<Editing datasource={answering({ validate: check })} initial={{ expr: 'rat(up[5m])' }} />);
  await pass(validationDelay);
  expect(message()).toContain('unknown function');
  write('rate(up[5m])');
  expect(message()).toMatch(hint);
  await pass(validationDelay);
  expect(message()).toMatch(hint);
});

it('passes over an answer that comes too late', async () => {
  const answers: Array<() => void> = [];
  const slow = (asked: string) =>
    new Promise<Validation>((resolve) => answers.push(() => resolve({ asked, error: `no ${asked}` })));
  render(<Editing datasource={answering({ validate: slow })} initial={{ expr: 'first' }} />);
  await pass(validationDelay);
  write('second');
  await pass(validationDelay);
  await act(async () => answers[1]());
  await act(async () => answers[0]());
  expect(message()).toBe('no second');
});

it('says nothing of an empty expression, nor when the back end does not answer', async () => {
  const validate = jest.fn(() => Promise.reject(new Error('502')));
  render(<Editing datasource={answering({ validate })} initial={{ editor: 'code' }} />);
  await pass(validationDelay);
  expect(validate).not.toHaveBeenCalled();
  write('up');
  await pass(validationDelay);
  expect(validate).toHaveBeenCalledTimes(1);
  expect(message()).toMatch(hint);
});

it('reads LogQL where log lines are asked for', async () => {
  const validate = jest.fn(async (asked: string, _language: string) => ({ asked }));
  const initial = { queryType: 'clusters', expr: '{app="checkout"}' } as const;
  render(<Editing datasource={answering({ validate })} initial={initial} />);
  await pass(validationDelay);
  expect(validate.mock.calls).toEqual([[initial.expr, 'logql']]);
  expect(screen.getByRole('textbox', { name: 'Log query (LogQL)' })).toHaveValue(initial.expr);
});
