import { fireEvent, render, screen } from '@testing-library/react';
import { answering } from '../testing/editors';
import { type AndonQuery, views } from '../types';
import { examples, QueryEditorHelp } from './QueryEditorHelp';

it.each(examples.map((e) => [e.title, e] as const))('%s can be run as it is', (title, example) => {
  const onClickExample = jest.fn<void, [AndonQuery]>();
  const query = { refId: 'B' } as AndonQuery;
  const datasource = answering();
  render(<QueryEditorHelp datasource={datasource} query={query} onClickExample={onClickExample} />);

  fireEvent.click(screen.getByText(title));

  const [got] = onClickExample.mock.lastCall ?? [];
  expect(got).toMatchObject({ ...example.query, refId: 'B', v: 2, editor: 'code' });
  expect(datasource.filterQuery(got!)).toBe(true);
  expect(views[got!.queryType]).toContain(got!.view);
});
