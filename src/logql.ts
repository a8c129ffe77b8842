import { type Monaco } from '@grafana/ui';

/** The name of the language. Grafana's Loki data source may have loaded its own "logql". */
export const logqlId = 'andon-logql';

const functions =
  'count_over_time rate bytes_rate bytes_over_time sum_over_time avg_over_time max_over_time min_over_time'.split(
    ' '
  );
const stages =
  'json logfmt pattern regexp unpack line_format label_format drop keep decolorize unwrap by without'.split(
    ' '
  );

/** Teaches the editor LogQL's colours, once. */
export function registerLogql(monaco: Monaco) {
  if (monaco.languages.getLanguages().some((l) => l.id === logqlId)) {
    return;
  }
  monaco.languages.register({ id: logqlId });
  monaco.languages.setLanguageConfiguration(logqlId, {
    brackets: [
      ['{', '}'],
      ['[', ']'],
      ['(', ')'],
    ],
    autoClosingPairs: [
      { open: '{', close: '}' },
      { open: '[', close: ']' },
      { open: '(', close: ')' },
      { open: '"', close: '"', notIn: ['string'] },
      { open: '`', close: '`', notIn: ['string'] },
    ],
    comments: { lineComment: '#' },
  });
  monaco.languages.setMonarchTokensProvider(logqlId, {
    functions,
    stages,
    ignoreCase: false,
    tokenizer: {
      root: [
        [/#.*$/, 'comment'],
        [/\$\{[^}]*\}|\$\w+|\[\[\w+\]\]/, 'variable'],
        [/\|=|\|~|!=|!~|=~|\|>|!>|\|/, 'operator'],
        [/[a-zA-Z_]\w*(?=\s*(=~|!~|!=|=(?!=)))/, 'type'],
        [
          /[a-zA-Z_]\w*/,
          { cases: { '@functions': 'keyword', '@stages': 'keyword', '@default': 'identifier' } },
        ],
        [/(\d+(ms|[smhdwy]))+/, 'number'],
        [/\d*\.?\d+/, 'number'],
        [/"([^"\\]|\\.)*"?|`[^`]*`?/, 'string'],
        [/[<>=]=?|[-+*/%^]/, 'operator'],
        [/[{}()[\]]/, '@brackets'],
        [/[,:]/, 'delimiter'],
      ],
    },
  });
}
