// A table that keeps its cells while the rows change.
//
// NiceGUI creates a new component for a template slot whenever the table is drawn, and so
// replaces all cells: a button that is being pressed never gets the click, and the focus is lost
// (zauberzeug/nicegui#6284). Here, each template becomes a component only once.

export default {
  template: `
    <q-table ref="qRef">
      <template v-for="(_, slot) in $slots" v-slot:[slot]="given">
        <slot :name="slot" v-bind="given || {}" />
      </template>
      <template v-if="markAll" v-slot:header-cell-marked="given">
        <q-th :props="given" class="mark">
          <q-checkbox dense :model-value="areMarked()" :aria-label="markAll" :title="markAll"
            @update:model-value="value => $emit('mark_all', value === true)" />
        </q-th>
      </template>
      <template v-for="cell in made" :key="cell.slot" v-slot:[cell.slot]="given">
        <component :is="cell.component" :props="given" @act="act" />
      </template>
    </q-table>
  `,
  props: {
    markAll: String, // the name of the check box in the header that marks all rows, "" for none
    cells: Object, // templates by column; in them, $emit('act', EVENT, ...) makes the table emit EVENT
  },
  created() {
    this.made = Object.entries(this.cells).map(([column, template]) => ({
      slot: `body-cell-${column}`,
      component: { props: ["props"], emits: ["act"], template },
    }));
  },
  mounted() {
    this.$el.addEventListener("keydown", this.onKey);
    this.reachHeader();
  },
  updated() {
    this.reachHeader();
  },
  methods: {
    // Quasar sorts by a click on a column's heading only; these make it work by keyboard.
    reachHeader() {
      for (const heading of this.$el.querySelectorAll("th.sortable")) {
        const isSorted = heading.classList.contains("sorted");
        const way = heading.classList.contains("sort-desc") ? "descending" : "ascending";
        heading.tabIndex = 0;
        heading.setAttribute("aria-sort", isSorted ? way : "none");
      }
    },
    onKey(event) {
      const isHeading = event.target.matches?.("th.sortable");
      if (isHeading && ["Enter", " "].includes(event.key)) {
        event.preventDefault();
        event.target.click();
      }
    },
    areMarked() {
      const rows = this.$attrs.rows, marked = rows.filter((row) => row.marked).length;
      return marked === 0 ? false : marked === rows.length ? true : null;
    },
    act(event, ...details) {
      this.$emit(event, ...details);
    },
  },
};
