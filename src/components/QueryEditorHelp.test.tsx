import { fireEvent, render, screen } from '@testing-library/react';
import { answering } from '../testing/editors';
import { type AndonQuery } from '../types';
import { examples, QueryEditorHelp } from './QueryEditorHelp';

it.each(examples.map((e) => [e.title, e] as const))('%s can be run as it is', (title, example) => {
  const onClickExample = jest.fn<void, [AndonQuery]>();
  const query = { refId: 'B' } as AndonQuery;
  const datasource = answering();
  render(<QueryEditorHelp datasource={datasource} query={query} onClickExample={onClickExample} />);

  fireEvent.click(screen.getByText(title));

  const [got] = onClickExample.mock.lastCall ?? [];
  expect(got).toMatchObject({ ...example.query, refId: 'B', v: 2, queryType: 'deviation' });
  expect(datasource.filterQuery(got!)).toBe(true);
  const told =
    got?.cohorts === 'time'
      ? [got.back ?? got.since]
      : [...Object.values(got?.candidate ?? {}), ...Object.values(got?.control ?? {})];
  expect(told.filter(Boolean).length).toBe(got?.cohorts === 'time' ? 1 : 2);
});
