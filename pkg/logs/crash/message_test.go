package crash

import (
	"testing"
)

func TestParameterise(t *testing.T) {
	tests := []struct{ name, message, want string }{
		{"nothing varies", "cart is closed", "cart is closed"},
		{"number", "cart 17 is closed", "cart <*> is closed"},
		{"numbers in a row", "at 17 18 19", "at <*> <*> <*>"},
		{"size and duration", "read 17KiB in 3.5ms", "read <*> in <*>"},
		{"address", "bad object at 0xc000123", "bad object at <*>"},
		{"uuid", "no order 0a1b2c3d-1111-2222-3333-444455556666", "no order <*>"},
		{"quotes", `no user "bob smith" or 'al'`, "no user <*> or <*>"},
		{"apostrophe", "can't open, won't wait", "can't open, won't wait"},
		{"quote that never ends", `no user "bob`, `no user "bob`},
		{"braces", "Os { code: 2, kind: NotFound }", "Os <*>"},
		{"list", "left over: [a b c]", "left over: <*>"},
		{"types", "interface is []int, not map[string]int64", "interface is []int, not map[string]int64"},
		{"path", "open /var/lib/shop.db: permission denied", "open <*>: permission denied"},
		{"file", "config.yml (No such file or directory)", "<*> (No such file or directory)"},
		{"Windows' path", `open C:\\data\\x: denied`, "open <*>: denied"},
		{"url", "get https://shop.example/cart: EOF", "get <*>: EOF"},
		{"mail", "no mail to bob@example.com.", "no mail to <*>."},
		{"key=value", "failed status=open id=17, retry", "failed status=<*> id=<*>, retry"},
		{"code at the end", "Unknown currency: EUR", "Unknown currency: <*>"},
		{"value that was asked for", "invalid status: shipped", "invalid status: <*>"},
		{"reason at the end", "dial tcp 10.0.0.1:5432: refused", "dial tcp <*>: refused"},
		{"error number", "connect: ECONNREFUSED", "connect: ECONNREFUSED"},
		{"host", "getaddrinfo ENOTFOUND db.internal", "getaddrinfo ENOTFOUND <*>"},
		{"first line only", "one\ntwo", "one"},
		{"spaces", "  a   b ", "a b"},
		{"other scripts", "Bestellung 17 für Jürgen nicht möglich", "Bestellung <*> für Jürgen nicht möglich"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parameterise(tt.message); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		name     string
		f        func(string) string
		in, want string
	}{
		{"go method", goFunction, "shop/cart.(*Cart).Total", "shop/cart.(*Cart).Total"},
		{"go closure", goFunction, "main.main.func1.2", "main.main.func"},
		{"go closure in a closure", goFunction, "main.run.func1.gowrap2", "main.run.func"},
		{"go global closure", goFunction, "main.glob..func3", "main.glob.func"},
		{"go generics", goFunction, "main.Map[go.shape.map[string]int]", "main.Map"},
		{"go module version", goFunction, "example.com/shop/v2/cart.Total", "example.com/shop/cart.Total"},
		{"go module version at the root", goFunction, "example.com/shop/v2.Total", "example.com/shop.Total"},
		{"go gopkg.in", goFunction, "gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.Unmarshal"},
		{"go method value", goFunction, "main.(*T).Run-fm", "main.(*T).Run"},
		{"go range over func", goFunction, "main.all-range1", "main.all"},
		{"java lambda", javaFunction, "com.shop.Cart.lambda$total$0(Cart.java:1)", "com.shop.Cart.total"},
		{"java anonymous class", javaFunction, "com.shop.Cart$1.run(Cart.java:1)", "com.shop.Cart.run"},
		{"java inner class", javaFunction, "com.shop.Cart$Item.price(Cart.java:1)", "com.shop.Cart$Item.price"},
		{"java module", javaFunction, "java.base/java.util.List.of(List.java:1)", "java.util.List.of"},
		{"java loader", javaFunction, "app//com.shop.Cart.total(Cart.java:1)", "com.shop.Cart.total"},
		{"scala", javaFunction, "com.shop.Cart.$anonfun$total$1(Cart.scala:1)", "com.shop.Cart.total"},
		{"kotlin inline class", javaFunction, "com.shop.Money.plus-WZ4Q5Ns(Money.kt:1)", "com.shop.Money.plus"},
		{"dotnet iterator", dotNetName, "Shop.Cart.<Items>d__3.MoveNext", "Shop.Cart.Items"},
		{"dotnet closure", dotNetName, "Shop.Cart.<>c__DisplayClass1_0.<Total>b__2", "Shop.Cart.Total"},
		{"dotnet nested", dotNetName, "Shop.Cart+Item.Price", "Shop.Cart.Item.Price"},
		{"dotnet local function", dotNetName, "Shop.Program.<Main>g__Run|0_1", "Shop.Program.Main"},
		{"dotnet arity", dotNetName, "Shop.Stock`2.Load", "Shop.Stock.Load"},
		{"cpp arguments", cppName, "int shop::total(std::vector<int> const&, int) const", "shop::total"},
		{"cpp templates", cppName, "void shop::Map<int, std::pair<int, int> >::put<int>(int&&)", "shop::Map::put"},
		{"cpp anonymous namespace", cppName, "shop::(anonymous namespace)::price(int)", "shop::price"},
		{"cpp lambda", cppName, "shop::run()::{lambda(int)#1}::operator()(int) const", "shop::run::lambda::operator()"},
		{"cpp clone", cppName, "shop_total.constprop.0.isra.1", "shop_total"},
		{"cpp clone in words", cppName, "shop::total(int) [clone .part.0]", "shop::total"},
		{"cpp operators", cppName, "bool shop::operator<(shop::A const&, shop::B const&)", "shop::operator<"},
		{"cpp inline namespace", cppName, "std::__cxx11::basic_string<char>::at(unsigned long)", "std::basic_string::at"},
		{"cpp mangled", cppName, "_ZN4shop4CartIiE5totalEv", "shop::Cart::total"},
		{"cpp mangled constructor", cppName, "_ZN4shop4CartC2Ei", "shop::Cart::Cart"},
		{"cpp mangled anonymous namespace", cppName, "_ZN4shop12_GLOBAL__N_15priceEi", "shop::price"},
		{"cpp mangled lambda", cppName, "_ZZN4shop3runEvENKUlvE_clEv", "shop::run"},
		{"cpp mangled, truncated", cppName, "_ZN4shop4Cart5tot", "_ZN4shop4Cart5tot"},
		{"c", cppName, "main", "main"},
		{"rust hash", rustName, "shop::cart::Cart::total::h0123456789abcdef", "shop::cart::Cart::total"},
		{"rust closure", rustName, "shop::main::{{closure}}", "shop::main"},
		{"rust impl of a trait", rustName, "<shop::Cart<T> as core::fmt::Display>::fmt", "shop::Cart::fmt"},
		{"rust crate hash", rustName, "<std[e28293b1aa0f68bd]::rt::Runtime>::run", "std::rt::Runtime::run"},
		{"python file", place, "/srv/releases/20240102/shop/cart.py", "shop.cart"},
		{"python file at the root", place, "/app/cart.py", "cart"},
		{"python package", place, "/app/shop/__init__.py", "shop"},
		{"version in the directory", place, "/opt/shop-1.2.3/cart.py", "cart"},
		{"bundle", place, "/app/dist/main.3f2a1b9c.js", "main"},
		{"Windows' file", place, `C:\shop\cart.js`, "shop.cart"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f(tt.in); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
