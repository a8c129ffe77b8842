const path = require('node:path');
const CopyPlugin = require('copy-webpack-plugin');
const { version } = require('./package.json');

// What Grafana shares with every plugin. All else is bundled.
const shared = [
  'react',
  'react/jsx-runtime',
  'react/jsx-dev-runtime',
  'react-dom',
  'react-router',
  'lodash',
  'moment',
  'rxjs',
  'i18next',
  'd3',
  '@emotion/css',
  '@emotion/react',
  '@grafana/data',
  '@grafana/ui',
  '@grafana/runtime',
];

// SOURCE_DATE_EPOCH makes two builds of the same source the same.
const built = process.env.SOURCE_DATE_EPOCH
  ? new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000)
  : new Date();

const stamp = (content) =>
  content.toString().replaceAll('%VERSION%', version).replaceAll('%TODAY%', built.toISOString().slice(0, 10));

module.exports = (_env, { mode }) => ({
  mode,
  context: path.join(__dirname, 'src'),
  entry: { module: './module.ts' },
  devtool: mode === 'production' ? 'source-map' : 'eval-source-map',
  externals: shared,
  externalsType: 'amd',
  resolve: { extensions: ['.ts', '.tsx', '.mjs', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        exclude: /node_modules/,
        use: {
          loader: 'swc-loader',
          options: {
            jsc: {
              target: 'es2020',
              parser: { syntax: 'typescript', tsx: true },
              transform: { react: { runtime: 'automatic' } },
            },
          },
        },
      },
      // Packages that say "type": "module" still import without file endings.
      { test: /\.m?js$/, resolve: { fullySpecified: false } },
    ],
  },
  output: {
    path: path.join(__dirname, 'dist'),
    filename: '[name].js',
    library: { type: 'amd' },
    uniqueName: 'andon-regression-datasource',
    // The back end is built into the same folder, by another tool.
    clean: { keep: /^(gpx_|go_plugin_build_manifest)/ },
  },
  // Grafana loads one file; a second chunk would have to be found at a path that only Grafana knows.
  optimization: { splitChunks: false },
  performance: { maxAssetSize: 600_000, maxEntrypointSize: 600_000 },
  plugins: [
    new CopyPlugin({
      patterns: [
        { from: 'plugin.json', transform: stamp },
        { from: 'img', to: 'img', noErrorOnMissing: true },
        { from: 'dashboards', to: 'dashboards', noErrorOnMissing: true },
        { from: 'README.md' },
        { from: path.join(__dirname, 'CHANGELOG.md') },
        { from: path.join(__dirname, 'LICENSE'), to: 'LICENSE', toType: 'file' },
      ],
    }),
  ],
});
