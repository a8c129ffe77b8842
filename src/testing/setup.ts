import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';

// To tell whether an element is hidden, jsdom computes the style of all its ancestors: half the time of a test.
configure({ defaultHidden: true, asyncUtilTimeout: 10_000 });
