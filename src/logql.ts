import { type Highlighting } from './languages';

const functions =
  'count_over_time rate bytes_rate bytes_over_time sum_over_time avg_over_time max_over_time min_over_time'.split(
    ' '
  );
const stages =
  'json logfmt pattern regexp unpack line_format label_format drop keep decolorize unwrap by without'.split(
    ' '
  );

/** LogQL's colours. */
export const logql: Highlighting = {
  id: 'andon-logql',
  name: 'LogQL',
  quotes: ['"', '`'],
  tokens: {
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
  },
};
