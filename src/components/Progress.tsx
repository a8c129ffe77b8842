import { css } from '@emotion/css';
import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { progressOf } from '../live';

/** How much of the logs was read while a query runs. It keeps its place when there is nothing to show. */
export function Progress({ frames }: { frames?: DataFrame[] }) {
  const styles = useStyles2(getStyles);
  const progress = progressOf(frames);
  const running = progress !== undefined && progress < 1;
  return (
    <div className={styles.place}>
      {running && (
        <div
          role="progressbar"
          aria-label="Logs read"
          aria-valuenow={Math.round(100 * progress)}
          aria-valuemin={0}
          aria-valuemax={100}
          className={styles.bar}
          style={{ width: `${100 * progress}%` }}
        />
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  place: css({ height: 2, overflow: 'hidden' }),
  bar: css({ height: '100%', background: theme.colors.primary.main }),
});
