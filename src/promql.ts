import { type Monaco } from '@grafana/ui';

/** The name of the language. Grafana's Prometheus data source may have loaded its own "promql". */
export const promqlId = 'andon-promql';

const aggregations =
  'avg bottomk count count_values group limit_ratio limitk max min quantile stddev stdvar sum topk'.split(
    ' '
  );
const keywords =
  'and atan2 bool by group_left group_right ignoring offset on or unless without start end smoothed anchored'.split(
    ' '
  );

/** Teaches the editor PromQL's colours, once. */
export function registerPromql(monaco: Monaco) {
  if (monaco.languages.getLanguages().some((l) => l.id === promqlId)) {
    return;
  }
  monaco.languages.register({ id: promqlId });
  monaco.languages.setLanguageConfiguration(promqlId, {
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
    ],
    comments: { lineComment: '#' },
  });
  monaco.languages.setMonarchTokensProvider(promqlId, {
    aggregations,
    keywords,
    ignoreCase: false,
    tokenizer: {
      root: [
        [/#.*$/, 'comment'],
        [/\$\{[^}]*\}|\$\w+|\[\[\w+\]\]/, 'variable'],
        [/[a-zA-Z_]\w*(?=\s*(=~|!~|!=|=(?!=)))/, 'type'],
        [
          /[a-zA-Z_:][\w:]*/,
          { cases: { '@aggregations': 'keyword', '@keywords': 'keyword', '@default': 'identifier' } },
        ],
        [/(\d+(ms|[smhdwy]))+/, 'number'],
        [/0[xX][\da-fA-F]+|\d*\.?\d+([eE][-+]?\d+)?/, 'number'],
        [/"([^"\\]|\\.)*"?|'([^'\\]|\\.)*'?|`[^`]*`?/, 'string'],
        [/=~|!~|[=!<>]=|[-+*/%^<>=@]/, 'operator'],
        [/[{}()[\]]/, '@brackets'],
        [/[,:]/, 'delimiter'],
      ],
    },
  });
}
