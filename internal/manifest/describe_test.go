package manifest_test

import (
	"os"
	"testing"
)

func TestDescriptions(t *testing.T) {
	m := shop(nil)
	for name, got := range map[string][]byte{"shop.txt": m.Text("shop"), "shop.md": m.Markdown("shop"), "shop.mmd": m.Mermaid()} {
		path := "testdata/" + name
		if os.Getenv("ENTABLE_GOLDEN") != "" {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s (ENTABLE_GOLDEN=1 writes it): got\n%s\nwant\n%s", path, got, want)
		}
	}
}
