package browsertest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/entable/entable/explorer"
)

// maxPicture bounds a picture of the documentation, in bytes.
const maxPicture = 150_000

// Screenshots of the main pages, for the documentation.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("ENTABLE_SCREENSHOTS")
	if dir == "" {
		t.Skip("ENTABLE_SCREENSHOTS names no folder to write to")
	}
	h, _ := shopHandler(t)
	writing, _ := shopHandler(t, explorer.AllowWrites())
	for _, shot := range []struct {
		name, address, scheme string
		width, height         int64
		open                  string // what is unfolded
	}{
		{"registry", "", "light", 1280, 1180, ""},
		{"registry-dark", "", "dark", 1280, 1180, ""},
		{"registry-narrow", "", "light", 390, 1400, ""},
		{"partition", "partition?pk=CC%23c-1003", "light", 1280, 960, ".rows li:nth-child(2) details"},
		{"partition-narrow-dark", "partition?pk=CC%23c-1003", "dark", 390, 1000, ".rows li:nth-child(2) details"},
		{"query", "query?entity=Order&op=between&f.customer_id=c-1005&f.order_id=2&t.order_id=6", "light", 1280, 1060, ""},
		{"query-narrow", "query?entity=Order&op=between&f.customer_id=c-1005&f.order_id=2&t.order_id=6", "light", 390, 1200, ""},
		{"item-dark", "item?pk=CC%23c-1003&sk=A", "dark", 1280, 1060, ""},
		{"item-narrow", "item?pk=CC%23c-1003&sk=A", "light", 390, 1100, ""},
		{"search", "search?q=sku-10", "light", 1280, 860, ""},
		{"audit-narrow-dark", "audit?run=1", "dark", 390, 640, ""},
		{"edit", "edit?pk=CC%23c-1003&sk=OO%230000000000000000001", "light", 1280, 960, ""},
	} {
		handler := h
		if shot.name == "edit" {
			handler = writing
		}
		b := open(t, handler, int(shot.width), &emulation.MediaFeature{Name: "prefers-color-scheme", Value: shot.scheme})
		call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: shot.width, Height: shot.height, DeviceScaleFactor: 1, Mobile: shot.width < 500})
		b.visit(shot.address)
		if shot.open != "" {
			b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("` + shot.open + `").open = true`))
		}
		raw, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		picture, err := smaller(raw)
		if err != nil {
			t.Fatal(err)
		}
		if len(picture) > maxPicture {
			t.Errorf("%s takes %d bytes", shot.name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, shot.name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// smaller writes a picture with its 256 most frequent colours, which text hardly has more of.
func smaller(raw []byte) ([]byte, error) {
	src, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	count := map[color.Color]int{}
	b := src.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[src.At(x, y)]++
		}
	}
	var palette color.Palette
	for len(palette) < 256 && len(count) > 0 {
		var most color.Color
		for c, n := range count {
			if most == nil || n > count[most] {
				most = c
			}
		}
		palette = append(palette, most)
		delete(count, most)
	}
	dst := image.NewPaletted(b, palette)
	known := map[color.Color]uint8{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := src.At(x, y)
			i, ok := known[c]
			if !ok {
				i = uint8(palette.Index(c))
				known[c] = i
			}
			dst.SetColorIndex(x, y, i)
		}
	}
	var out bytes.Buffer
	w := png.Encoder{CompressionLevel: png.BestCompression}
	err = w.Encode(&out, dst)
	return out.Bytes(), err
}
