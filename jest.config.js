const swc = [
  '@swc/jest',
  {
    sourceMaps: 'inline',
    jsc: {
      parser: { syntax: 'typescript', tsx: true },
      target: 'es2022',
      transform: { react: { runtime: 'automatic' } },
    },
  },
];

module.exports = {
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/src'],
  setupFiles: ['<rootDir>/src/testing/polyfills.js'],
  setupFilesAfterEnv: ['<rootDir>/src/testing/setup.ts'],
  moduleNameMapper: {
    '\\.(css|scss|sass)$': '<rootDir>/src/testing/empty.js',
    '^react-inlinesvg$': '<rootDir>/src/testing/svg.js',
  },
  transform: { '^.+\\.m?[tj]sx?$': swc },
  // Most of Grafana's dependencies are published as ES modules only.
  transformIgnorePatterns: ['node_modules/(react|react-dom|lodash|moment|rxjs)/'],
  testTimeout: 20_000,
};
