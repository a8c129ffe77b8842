import { act, fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { allValid, Editing } from '../testing/editors';
import { type AndonQuery, defaultQuery, type Selector } from '../types';
import { QueryEditor } from './QueryEditor';

jest.mock('@grafana/ui', () => ({
  ...jest.requireActual('@grafana/ui'),
  CodeEditor: jest.requireActual('../testing/editors').PlainCodeEditor,
}));

function show(initial?: Partial<AndonQuery>) {
  const onChange = jest.fn<void, [AndonQuery]>();
  const onRun = jest.fn();
  render(<Editing initial={initial} onChange={onChange} onRun={onRun} />);
  return {
    onRun,
    latest: () => onChange.mock.lastCall?.[0],
    user: userEvent.setup({ pointerEventsCheck: 0 }),
  };
}

const field = (label: string) =>
  screen.getByLabelText<HTMLInputElement>(label, { selector: 'input, textarea' });
const radio = (label: string) => screen.getByLabelText(label, { selector: 'input[type=radio]' });
const write = (label: string, text: string) => fireEvent.change(field(label), { target: { value: text } });

describe('the expression', () => {
  it('is told at each change, with what a new query holds by default', () => {
    const { latest } = show();
    write('Query (PromQL)', 'up');
    expect(latest()).toEqual({
      refId: 'A',
      v: 2,
      queryType: 'deviation',
      expr: 'up',
      nodeLabel: 'pod',
      cohorts: 'labels',
      candidate: {},
      control: {},
      worse: 'higher',
      sensitivity: 'medium',
      view: 'sigma',
      legend: '{{node}}',
    });
  });

  it('keeps what other fields changed meanwhile', () => {
    const { latest } = show();
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
});

it('runs at Enter in a text field, changed or not', async () => {
  const { onRun, user } = show({ expr: 'up' });
  await user.type(field('Node label'), '{Enter}');
  expect(onRun).toHaveBeenCalledTimes(1);
});

describe('a selector', () => {
  it('gets a row once it has a label and a value', () => {
    const { latest, onRun } = show({ expr: 'up' });
    write('Candidate label 1', 'version');
    expect(latest()?.candidate).toEqual({});
    write('Candidate value 1', 'v2');
    expect(latest()?.candidate).toEqual({ version: 'v2' });
    expect(latest()?.control).toEqual({});
    fireEvent.blur(field('Candidate value 1'));
    expect(onRun).toHaveBeenCalledTimes(1);
  });

  it('takes an operator that is picked', async () => {
    const { latest, onRun, user } = show({ expr: 'up', control: { version: 'v2' } });
    await user.click(screen.getByLabelText('Control operator 1'));
    await user.keyboard('{ArrowDown}{Enter}');
    expect(latest()?.control).toEqual({ version: '!=v2' });
    expect(onRun).toHaveBeenCalledTimes(1);
  });

  it('takes an operator that is typed before the value', async () => {
    const { latest, user } = show({ expr: 'up' });
    write('Control label 1', 'version');
    await user.type(field('Control value 1'), '=~v1.*');
    expect(latest()?.control).toEqual({ version: '=~v1.*' });
    expect(field('Control value 1')).toHaveValue('v1.*');
    expect(screen.getByLabelText('Control operator 1')).toHaveValue('=~');
  });

  it('grows and shrinks by rows', async () => {
    const { latest, user } = show({ expr: 'up', candidate: { version: 'v2' } });
    await user.click(screen.getByLabelText('Add label to candidate'));
    write('Candidate label 2', 'env');
    write('Candidate value 2', 'prod');
    expect(latest()?.candidate).toEqual({ version: 'v2', env: 'prod' });
    await user.click(screen.getByLabelText('Remove candidate row 1'));
    expect(latest()?.candidate).toEqual({ env: 'prod' });
    expect(field('Candidate label 1')).toHaveValue('env');
  });

  it('marks a label that it names already, and does not let it win', async () => {
    const { latest, user } = show({ expr: 'up', candidate: { version: 'v2' } });
    await user.click(screen.getByLabelText('Add label to candidate'));
    write('Candidate label 2', 'version');
    write('Candidate value 2', 'v3');
    expect(latest()?.candidate).toEqual({ version: 'v2' });
    expect(field('Candidate label 2')).toBeInvalid();
  });

  it('shows what is set from outside, and keeps what is half written', async () => {
    const query = (control: Selector) => ({ ...defaultQuery, refId: 'A', expr: 'up', control });
    const page = (control: Selector) => (
      <QueryEditor datasource={datasource} query={query(control)} onChange={() => {}} onRunQuery={() => {}} />
    );
    const datasource = allValid();
    const { rerender } = render(page({ version: '!~v2' }));
    await userEvent.click(screen.getByLabelText('Add label to control'));
    rerender(page({ version: '!~v2' }));
    expect(field('Control label 2')).toHaveValue('');
    rerender(page({ build: '7' }));
    expect(field('Control label 1')).toHaveValue('build');
    expect(screen.queryByLabelText('Control label 2')).not.toBeInTheDocument();
  });
});

describe('cohorts by time', () => {
  it('begin with the day before', async () => {
    const { latest, onRun, user } = show({ expr: 'up' });
    await user.click(radio('By time'));
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

  it('can be divided by a change, at first where the panel begins', async () => {
    const { latest, user } = show({ expr: 'up', cohorts: 'time', back: '1d' });
    await user.click(radio('Before the change'));
    expect(latest()).toMatchObject({ since: '2026-01-02T15:00:00.000Z', back: undefined });
    write('Change began', '$began');
    expect(latest()?.since).toBe('$began');
    await user.click(radio('Some time earlier'));
    expect(latest()).toMatchObject({ since: undefined, back: '1d' });
  });

  it('keep the selectors for when labels are wanted again', async () => {
    const control = { version: 'v1' };
    const { latest, user } = show({ expr: 'up', control });
    await user.click(radio('By time'));
    await user.click(radio('By labels'));
    expect(latest()).toMatchObject({ cohorts: 'labels', control });
  });
});

describe('choices', () => {
  it.each<[string, string, Partial<AndonQuery>]>([
    ['Worse is', 'Lower', { worse: 'lower' }],
    ['Sensitivity', 'High', { sensitivity: 'high' }],
    ['Show', 'As it is', { view: 'raw' }],
  ])('%s %s is told and run', async (group, name, want) => {
    const { latest, onRun, user } = show({ expr: 'up' });
    await user.click(within(screen.getByRole('radiogroup', { name: group })).getByLabelText(name));
    expect(latest()).toMatchObject(want);
    expect(onRun).toHaveBeenCalledTimes(1);
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
    const { latest, user } = show({ expr: 'up', unit: 's' });
    await user.click(screen.getByText('Options'));
    write('Legend', '{{pod}}');
    write('Unit - optional', '');
    await act(async () => write('Out of (PromQL)', 'requests'));
    expect(latest()).toMatchObject({ legend: '{{pod}}', unit: undefined, per: 'requests' });
  });
});
