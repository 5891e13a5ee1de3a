import type { SeatPlan } from '../../contracts/catalog.ts';

type Plan = Omit<SeatPlan, 'seatPlanId'>;

/** Whether two plans have the same name, the same seats and the same best one; the order of their fields says nothing. */
export function isSamePlan(one: Plan, other: Plan): boolean {
  return JSON.stringify(planContent(one)) === JSON.stringify(planContent(other));
}

/** A plan with its fields in one order. */
function planContent({ name, sections, areas, bestSeat }: Plan) {
  return [
    name,
    sections.map((each) => [each.id, each.name, each.priceCategory, each.rows.map(rowContent)]),
    areas.map((each) => [each.area, each.name, each.capacity, each.priceCategory]),
    bestSeat,
  ];
}

function rowContent(row: SeatPlan['sections'][number]['rows'][number]) {
  return [row.id, row.name, row.first, row.last, row.step, row.accessible, row.companion, row.x, row.y];
}
