import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { QueryEditorHelp } from './components/QueryEditorHelp';
import { AndonDataSource } from './datasource';
import { type AndonOptions, type AndonQuery } from './types';

export const plugin = new DataSourcePlugin<AndonDataSource, AndonQuery, AndonOptions>(AndonDataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryEditorHelp);
