import { type Highlighting } from './languages';

const aggregations =
  'avg bottomk count count_values group limit_ratio limitk max min quantile stddev stdvar sum topk'.split(
    ' '
  );
const keywords =
  'and atan2 bool by group_left group_right ignoring offset on or unless without start end smoothed anchored'.split(
    ' '
  );

/** PromQL's colours. */
export const promql: Highlighting = {
  id: 'andon-promql',
  name: 'PromQL',
  quotes: ['"'],
  tokens: {
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
  },
};
