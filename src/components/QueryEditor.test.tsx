import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { answering, checkout, Editing } from '../testing/editors';
import { type AndonQuery, defaultQuery, type Selector } from '../types';
import { QueryEditor } from './QueryEditor';

jest.mock('@grafana/ui', () => ({
  ...jest.requireActual('@grafana/ui'),
  CodeEditor: jest.requireActual('../testing/editors').PlainCodeEditor,
}));

function show(initial?: Partial<AndonQuery>, datasource = answering()) {
  const onChange = jest.fn<void, [AndonQuery]>();
  const onRun = jest.fn();
  render(<Editing datasource={datasource} initial={initial} onChange={onChange} onRun={onRun} />);
  return {
    onRun,
    latest: () => onChange.mock.lastCall?.[0],
  };
}

const field = (label: string) =>
  screen.getByLabelText<HTMLInputElement>(label, { selector: 'input, textarea' });
const pick = (label: string) =>
  fireEvent.click(screen.getByLabelText(label, { selector: 'input[type=radio]' }));
const write = (label: string, text: string) => fireEvent.change(field(label), { target: { value: text } });
const code = { editor: 'code' } as const;

describe('the expression', () => {
  it('is told at each change, with what a new query holds by default', () => {
    const { latest } = show(code);
    write('Query (PromQL)', 'up');
    expect(latest()).toEqual({ ...defaultQuery, ...code, refId: 'A', expr: 'up' });
  });

  it('keeps what other fields changed meanwhile', () => {
    const { latest } = show(code);
    write('Node label', 'instance');
    write('Query (PromQL)', 'up');
    expect(latest()).toMatchObject({ nodeLabel: 'instance', expr: 'up' });
  });

  it('runs when it is left changed, and not when it is left as it was', () => {
    const { onRun } = show({ expr: 'up' });
    fireEvent.blur(field('Query (PromQL)'));
    expect(onRun).not.toHaveBeenCalled();
    write('Query (PromQL)', 'up > 0');
    expect(onRun).not.toHaveBeenCalled();
    fireEvent.blur(field('Query (PromQL)'));
    fireEvent.blur(field('Query (PromQL)'));
    expect(onRun).toHaveBeenCalledTimes(1);
  });

  it('of an older version is asked for in the newest', () => {
    const { latest } = show({ v: 1, expr: 'up' } as unknown as AndonQuery);
    write('Node label', 'instance');
    expect(latest()).toMatchObject({ v: 2, expr: 'up' });
  });
});

it('runs at Enter in a text field, changed or not', () => {
  const { onRun } = show({ expr: 'up' });
  fireEvent.keyDown(field('Node label'), { key: 'Enter' });
  expect(onRun).toHaveBeenCalledTimes(1);
});

describe('the builder', () => {
  const found = answering({ discover: async () => [checkout] });

  it('starts with the first service that is found', async () => {
    const { latest, onRun } = show({ editor: 'builder' }, found);
    expect(await screen.findByDisplayValue('checkout')).toBeInTheDocument();
    expect(latest()).toMatchObject({
      service: 'checkout',
      name: 'errors',
      expr: 'errors_total',
      per: 'requests_total',
      candidate: { version: 'v2' },
      control: { version: '!=v2' },
    });
    expect(onRun).toHaveBeenCalledTimes(1);
  });

  it('leaves alone what was asked for before', async () => {
    const { latest, onRun } = show({ editor: 'builder', expr: 'up' }, found);
    await act(async () => {});
    expect(latest()).toBeUndefined();
    expect(onRun).not.toHaveBeenCalled();
  });

  it('says what to do where nothing is found', async () => {
    show({ editor: 'builder' });
    expect(await screen.findByText(/switch to Code/)).toBeInTheDocument();
  });
});

// What one types and picks in a selector is tried in a browser.
describe('a selector', () => {
  it('shows what is set from outside, and keeps what is half written', () => {
    const query = (control: Selector) => ({ ...defaultQuery, refId: 'A', expr: 'up', control });
    const datasource = answering();
    const page = (control: Selector) => (
      <QueryEditor datasource={datasource} query={query(control)} onChange={() => {}} onRunQuery={() => {}} />
    );
    const { rerender } = render(page({ version: '!~v2' }));
    fireEvent.click(screen.getByLabelText('Add label to control'));
    rerender(page({ version: '!~v2' }));
    expect(field('Control label 2')).toHaveValue('');
    rerender(page({ build: '7' }));
    expect(field('Control label 1')).toHaveValue('build');
    expect(screen.queryByLabelText('Control label 2')).not.toBeInTheDocument();
  });
});

describe('the nodes of either side', () => {
  const canary = { expr: 'up', candidate: { version: 'v2' }, control: { version: 'v1' } };
  const nodesOf = (side: string) => screen.findByTestId(`andon-nodes-${side}`);

  it('are listed as they resolve', async () => {
    const cohorts = jest.fn(async () => ({
      candidate: { nodes: ['a'], count: 1 },
      control: { nodes: ['b', 'c'], count: 2 },
    }));
    show(canary, answering({ cohorts }));
    expect(await screen.findByText(/: b, c/)).toBeInTheDocument();
    expect(await nodesOf('candidate')).toHaveTextContent('1 node: a');
    expect(await nodesOf('control')).toHaveTextContent('2 nodes: b, c');
    expect(cohorts.mock.lastCall).toMatchObject([canary, { from: expect.anything() }]);
  });

  it('may be wrong on one side alone', async () => {
    const cohorts = async () => ({
      candidate: { nodes: [], count: 0, error: 'nothing matches version: v2' },
      control: { nodes: ['b'], count: 1 },
    });
    show(canary, answering({ cohorts }));
    expect(await screen.findByText(/nothing matches/)).toBeInTheDocument();
    expect(await nodesOf('control')).toHaveTextContent('1 node: b');
  });

  it('are not asked for while a side is empty', async () => {
    const cohorts = jest.fn();
    jest.useFakeTimers();
    show({ ...canary, control: {} }, answering({ cohorts }));
    await act(() => jest.advanceTimersByTimeAsync(1000));
    jest.useRealTimers();
    expect(cohorts).not.toHaveBeenCalled();
  });
});

describe('cohorts by time', () => {
  it('begin with the day before', () => {
    const { latest, onRun } = show({ expr: 'up' });
    pick('By time');
    expect(latest()).toMatchObject({ cohorts: 'time', back: '1d' });
    expect(onRun).toHaveBeenCalledTimes(1);
    expect(screen.queryByLabelText('Control label 1')).not.toBeInTheDocument();
    expect(screen.getByRole('group', { name: 'Nodes' })).toBeInTheDocument();
  });

  it('take another time back', () => {
    const { latest } = show({ expr: 'up', cohorts: 'time', back: '1d' });
    write('Earlier by', '1w');
    expect(latest()).toMatchObject({ cohorts: 'time', back: '1w' });
  });

  it('can be divided by a change, at first where the panel begins', () => {
    const { latest } = show({ expr: 'up', cohorts: 'time', back: '1d' });
    pick('Before the change');
    expect(latest()).toMatchObject({ since: '2026-01-02T15:00:00.000Z', back: undefined });
    write('Change began', '$began');
    expect(latest()?.since).toBe('$began');
    pick('Some time earlier');
    expect(latest()).toMatchObject({ since: undefined, back: '1d' });
  });

  it('keep the selectors for when labels are wanted again', () => {
    const control = { version: 'v1' };
    const { latest } = show({ expr: 'up', control });
    pick('By time');
    pick('By labels');
    expect(latest()).toMatchObject({ cohorts: 'labels', control });
  });
});

describe('choices', () => {
  it.each<[string, string, Partial<AndonQuery>]>([
    ['Query type', 'Rollouts', { queryType: 'rollouts', view: 'table', expr: '' }],
    ['Show', 'Values', { view: 'raw' }],
    ['Worse is', 'Lower', { worse: 'lower' }],
    ['Sensitivity', 'High', { sensitivity: 'high' }],
  ])('%s %s is told and run', (group, name, want) => {
    const { latest, onRun } = show({ expr: 'up' });
    fireEvent.click(within(screen.getByRole('radiogroup', { name: group })).getByLabelText(name));
    expect(latest()).toMatchObject(want);
    expect(onRun).toHaveBeenCalledTimes(1);
  });

  it('how the query is written is told and runs nothing', () => {
    const { latest, onRun } = show({ expr: 'up' });
    pick('Builder');
    expect(latest()).toMatchObject({ editor: 'builder', expr: 'up' });
    expect(onRun).not.toHaveBeenCalled();
  });
});

describe('options', () => {
  it('say what is set while they are folded', () => {
    show({ expr: 'up', unit: 's', kind: 'latency' });
    expect(screen.getByText(/Unit: s/)).toBeInTheDocument();
    expect(screen.getByText(/Kind: latency/)).toBeInTheDocument();
    expect(screen.queryByText(/Bin:/)).not.toBeInTheDocument();
  });

  it('are told, and forgotten when they are emptied', async () => {
    const { latest } = show({ expr: 'up', unit: 's' });
    fireEvent.click(screen.getByText('Options'));
    write('Legend', '{{pod}}');
    write('Unit - optional', '');
    await act(async () => write('Out of (PromQL)', 'requests'));
    expect(latest()).toMatchObject({ legend: '{{pod}}', unit: undefined, per: 'requests' });
  });
});
