// Icons are fetched from Grafana, which is not there in a test.
module.exports = { __esModule: true, default: () => null, cacheStore: {}, SVG_FETCH: undefined };
