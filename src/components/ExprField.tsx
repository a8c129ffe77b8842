import { css } from '@emotion/css';
import { useEffect, useRef } from 'react';
import { type GrafanaTheme2 } from '@grafana/data';
import { CodeEditor, Icon, type Monaco, type MonacoEditor, useStyles2 } from '@grafana/ui';
import { type AndonDataSource } from '../datasource';
import { languages, register } from '../languages';
import { type QueryLanguage, type Validation } from '../types';
import { useValidation } from '../useValidation';

export interface ExprProps {
  datasource: AndonDataSource;
  language: QueryLanguage;
  label: string;
  value: string;
  placeholder: string;
  /** Shown below while nothing is wrong. */
  hint: string;
  /** The minimum number of lines to show. */
  lines?: number;
  testId: string;
  onChange(value: string): void;
  onBlur(): void;
  onRun(): void;
}

const lineHeight = 20;
const maxLines = 10;

/** A code editor for an expression. A mistake that the back end finds is underlined and explained below. */
export function ExprField(props: ExprProps) {
  const { datasource, language, label, value, placeholder, hint, lines = 1, testId } = props;
  const coloured = languages[language];
  const styles = useStyles2(getStyles);
  const wrong = useValidation(datasource, value, language);
  const editor = useRef<{ editor: MonacoEditor; monaco: Monaco }>(undefined);

  // The code editor keeps the handlers that it was mounted with.
  const handlers = useRef(props);
  useEffect(() => {
    handlers.current = props;
  });

  useEffect(() => {
    if (editor.current) {
      underline(editor.current.editor, editor.current.monaco, value, wrong);
    }
  }, [value, wrong]);

  const onMount = (mounted: MonacoEditor, monaco: Monaco) => {
    editor.current = { editor: mounted, monaco };
    mounted.onKeyDown((e) => {
      if (e.keyCode === monaco.KeyCode.Tab) {
        // Tab goes on to the next field, as it does everywhere else on the page.
        e.stopPropagation();
      } else if (e.keyCode === monaco.KeyCode.Enter && !e.shiftKey) {
        e.preventDefault();
        e.stopPropagation();
        handlers.current.onRun();
      }
    });
  };

  const shown = Math.min(Math.max(value.split('\n').length, lines), maxLines);
  return (
    <div className={styles.field} data-testid={testId}>
      <div className={styles.editor}>
        <CodeEditor
          language={coloured.id}
          value={value}
          height={shown * lineHeight + 12}
          showMiniMap={false}
          wordWrap
          monacoOptions={{ ...monacoOptions, ariaLabel: `${label} (${coloured.name})` }}
          onBeforeEditorMount={(monaco) => register(monaco, coloured)}
          onEditorDidMount={onMount}
          onChange={(v) => v !== handlers.current.value && handlers.current.onChange(v)}
          onBlur={() => handlers.current.onBlur()}
        />
        {value === '' && (
          <div className={styles.placeholder} aria-hidden>
            {placeholder}
          </div>
        )}
      </div>
      <Message wrong={wrong} hint={hint} testId={testId} />
    </div>
  );
}

function Message({ wrong, hint, testId }: { wrong?: Validation; hint: string; testId: string }) {
  const styles = useStyles2(getStyles);
  const part = wrong && wrongPart(wrong);
  return (
    <div className={styles.message} role="status" data-testid={`${testId}-message`} title={wrong?.error}>
      {wrong ? (
        <span className={styles.error}>
          <Icon name="exclamation-triangle" size="sm" /> {wrong.error}
          {part && (
            <>
              , at <code className={styles.part}>{part}</code>
            </>
          )}
        </span>
      ) : (
        hint
      )}
    </div>
  );
}

function wrongPart({ asked, start = 0, end = 0 }: Validation): string {
  return asked.slice(start, end);
}

function underline(editor: MonacoEditor, monaco: Monaco, value: string, wrong?: Validation) {
  const model = editor.getModel();
  if (!model) {
    return;
  }
  // If variables were replaced, the positions do not fit the text in the editor.
  const at = wrong && wrong.asked === value && wrongPart(wrong) ? wrong : undefined;
  const marker = at && {
    ...bounds(model.getPositionAt(at.start ?? 0), model.getPositionAt(at.end ?? 0)),
    message: at.error ?? '',
    severity: monaco.MarkerSeverity.Error,
  };
  monaco.editor.setModelMarkers(model, 'andon', marker ? [marker] : []);
}

interface Position {
  lineNumber: number;
  column: number;
}

const bounds = (from: Position, to: Position) => ({
  startLineNumber: from.lineNumber,
  startColumn: from.column,
  endLineNumber: to.lineNumber,
  endColumn: to.column,
});

const monacoOptions = {
  fontSize: 13,
  lineHeight,
  lineNumbers: 'off',
  folding: false,
  glyphMargin: false,
  lineDecorationsWidth: 8,
  lineNumbersMinChars: 0,
  renderLineHighlight: 'none',
  overviewRulerLanes: 0,
  hideCursorInOverviewRuler: true,
  scrollBeyondLastLine: false,
  padding: { top: 5, bottom: 5 },
  // Enter runs the query and must not accept a suggestion.
  quickSuggestions: false,
  suggestOnTriggerCharacters: false,
  wordBasedSuggestions: false,
  occurrencesHighlight: false,
  scrollbar: { vertical: 'auto', horizontal: 'hidden', verticalScrollbarSize: 8 },
} as const;

const getStyles = (theme: GrafanaTheme2) => ({
  field: css({ width: '100%', minWidth: 0 }),
  editor: css({ position: 'relative' }),
  placeholder: css({
    position: 'absolute',
    top: 6,
    left: 9,
    right: 9,
    lineHeight: `${lineHeight}px`,
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: 13,
    color: theme.colors.text.disabled,
    pointerEvents: 'none',
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
  // As high with an error as without, so that nothing below moves.
  message: css({
    ...theme.typography.bodySmall,
    height: 22,
    lineHeight: '22px',
    color: theme.colors.text.secondary,
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
  error: css({ color: theme.colors.error.text }),
  part: css({ color: 'inherit' }),
});
