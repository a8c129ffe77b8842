import grafana from '@grafana/eslint-config';

export default [
  { ignores: ['dist/', 'coverage/', 'artifacts/', 'bin/', 'node_modules/'] },
  ...grafana,
  {
    files: ['src/**/*.{ts,tsx}'],
    rules: {
      'no-console': 'error',
      'react/prop-types': 'off',
      'react/react-in-jsx-scope': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
    },
  },
];
