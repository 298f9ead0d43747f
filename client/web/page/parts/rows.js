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
      <template v-for="cell in made" :key="cell.slot" v-slot:[cell.slot]="given">
        <component :is="cell.component" :props="given" @act="act" />
      </template>
    </q-table>
  `,
  props: {
    cells: Object, // templates by column; in them, $emit('act', EVENT, ...) makes the table emit EVENT
  },
  created() {
    this.made = Object.entries(this.cells).map(([column, template]) => ({
      slot: `body-cell-${column}`,
      component: { props: ["props"], emits: ["act"], template },
    }));
  },
  methods: {
    act(event, ...details) {
      this.$emit(event, ...details);
    },
  },
};
