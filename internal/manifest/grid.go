package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// grid is a table of texts.
type grid struct {
	title   string
	columns []string
	rows    [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

func (g *grid) markdown(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n### %s\n\n| %s |\n|%s\n", g.title, strings.Join(g.columns, " | "), strings.Repeat("---|", len(g.columns)))
	for _, row := range g.rows {
		b.WriteString("|")
		for _, cell := range row {
			if strings.ContainsAny(cell, "#{") {
				cell = "`" + cell + "`"
			}
			b.WriteString(" " + strings.ReplaceAll(cell, "|", `\|`) + " |")
		}
		b.WriteByte('\n')
	}
}

// text writes columns that are as wide as their widest cell.
func (g *grid) text(b *bytes.Buffer) {
	widths := make([]int, len(g.columns))
	head := []string{strings.ToUpper(g.columns[0])}
	for _, c := range g.columns[1:] {
		head = append(head, strings.ToUpper(c))
	}
	all := append([][]string{head}, g.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintf(b, "\n%s\n", g.title)
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] == 0 || i == len(g.columns)-1 && cell == "" {
				continue
			}
			fmt.Fprintf(&line, "  %-*s", widths[i], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
