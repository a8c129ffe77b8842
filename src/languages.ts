import { type Monaco } from '@grafana/ui';
import { logql } from './logql';
import { promql } from './promql';
import { type QueryLanguage } from './types';

type Monarch = Parameters<Monaco['languages']['setMonarchTokensProvider']>[1];

/** What the code editor needs to highlight a query language. */
export interface Highlighting {
  /** The name of the language. Grafana's own data sources may have loaded their "promql" and "logql". */
  id: string;
  /** The name for people. */
  name: string;
  /** What opens and closes a string. */
  quotes: string[];
  tokens: Monarch;
}

export const languages: Record<QueryLanguage, Highlighting> = { promql, logql };

const brackets: Array<[string, string]> = [
  ['{', '}'],
  ['[', ']'],
  ['(', ')'],
];

/** Teaches the code editor a language, once. */
export function register({ languages: known }: Monaco, { id, quotes, tokens }: Highlighting) {
  if (known.getLanguages().some((l) => l.id === id)) {
    return;
  }
  known.register({ id });
  known.setLanguageConfiguration(id, {
    brackets,
    autoClosingPairs: [
      ...brackets.map(([open, close]) => ({ open, close })),
      ...quotes.map((quote) => ({ open: quote, close: quote, notIn: ['string'] })),
    ],
    comments: { lineComment: '#' },
  });
  known.setMonarchTokensProvider(id, tokens);
}
