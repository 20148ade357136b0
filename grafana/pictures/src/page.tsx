// The page: bar of variables, grid of panels. It reports to the program in `window.report` when all is drawn.
import { createTheme, DataFrame, GrafanaTheme2, ThemeContext } from '@grafana/data';
import { GlobalStyles, Icon } from '@grafana/ui';
import { Component, ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { fill, heightOf, Input, place, Placed, shown, Variable } from './expand';
import { configured, transformed } from './fields';
import { Panel } from './panels';
import { annotations, Mark, ofPanel, report, variablesOf } from './query';

const row = 30;
const gap = 8;
const margin = 16;

class Guard extends Component<{ name: string; children: ReactNode }> {
  state = { failed: '' };
  static getDerivedStateFromError(error: unknown) {
    return { failed: String(error) };
  }
  componentDidCatch(error: unknown) {
    report.errors.push(`panel "${this.props.name}": ${error}`);
  }
  render() {
    return this.state.failed || this.props.children;
  }
}

function box(placed: Placed, width: number) {
  const column = (width - 2 * margin - 23 * gap) / 24;
  return {
    left: margin + placed.x * (column + gap),
    top: placed.y * (row + gap),
    width: placed.w * column + (placed.w - 1) * gap,
    height: placed.h * row + (placed.h - 1) * gap,
  };
}

const clock = (time: number) => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

function Chip({ children, theme, left }: { children: ReactNode; theme: GrafanaTheme2; left?: boolean }) {
  const style = {
    background: left ? theme.colors.background.secondary : theme.components.input.background,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 4,
    padding: '0 10px',
    height: 32,
    lineHeight: '30px',
    fontSize: 14,
    whiteSpace: 'nowrap' as const,
  };
  return <div style={style}>{children}</div>;
}

function Bar({ input, variables, theme }: { input: Input; variables: Variable[]; theme: GrafanaTheme2 }) {
  return (
    <div style={{ padding: `12px ${margin}px 12px`, color: theme.colors.text.primary }}>
      <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'center', marginBottom: 10 }}>
        <div style={{ fontSize: 20, fontWeight: 500 }}>{input.dashboard.title}</div>
        <Chip theme={theme}>
          {clock(input.from)} to {clock(input.to)} <span style={{ color: theme.colors.warning.text }}>UTC</span>
        </Chip>
      </div>
      <div style={{ display: 'flex', gap: 16, flexWrap: 'wrap' }}>
        {variables
          .filter((one) => one.hide !== 2)
          .map((one) => (
            <div key={one.name} style={{ display: 'flex' }}>
              {one.hide !== 1 && (
                <Chip theme={theme} left>
                  {one.label}
                </Chip>
              )}
              <Chip theme={theme}>{shown(one)}</Chip>
            </div>
          ))}
        {(input.dashboard.annotations?.list ?? [])
          .filter((one: any) => (one.expr ?? one.target?.expr) && !one.hide)
          .map((one: any) => (
            <Chip key={one.name} theme={theme}>
              <span style={{ color: theme.visualization.getColorByName(one.iconColor ?? 'blue') }}>●</span> {one.name}
            </Chip>
          ))}
      </div>
    </div>
  );
}

function RowTitle({ placed, variables }: { placed: Placed; variables: Variable[] }) {
  return (
    <div style={{ display: 'flex', alignItems: 'center', gap: 8, height: '100%', fontSize: 16, fontWeight: 500 }}>
      <Icon name={placed.panel.collapsed ? 'angle-right' : 'angle-down'} />
      {fill(placed.panel.title ?? '', variables, placed.scope, 'text')}
      {placed.panel.collapsed && <span style={{ opacity: 0.6, fontSize: 13 }}>({placed.panel.panels?.length ?? 0} panels)</span>}
    </div>
  );
}

interface Drawn {
  placed: Placed;
  frames: DataFrame[];
}

async function fetched(placed: Placed, variables: Variable[], input: Input, theme: GrafanaTheme2): Promise<Drawn> {
  if (placed.panel.type === 'row') {
    return { placed, frames: [] };
  }
  report.panels += 1;
  const width = Math.round(box(placed, input.width).width);
  const frames = await ofPanel(placed.panel, variables, placed.scope, input, width);
  return { placed, frames: configured(placed.panel, await transformed(placed.panel, frames), theme) };
}

function Page({ input, variables, drawn, marks, theme }: { input: Input; variables: Variable[]; drawn: Drawn[]; marks: Mark[]; theme: GrafanaTheme2 }) {
  const height = heightOf(drawn.map((one) => one.placed)) * (row + gap) + gap;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Bar input={input} variables={variables} theme={theme} />
      <div style={{ position: 'relative', height }}>
        {drawn.map(({ placed, frames }, at) => {
          const outer = box(placed, input.width);
          return (
            <div key={at} style={{ position: 'absolute', ...outer }}>
              <Guard name={placed.panel.title ?? ''}>
                {placed.panel.type === 'row' ? (
                  <RowTitle placed={placed} variables={variables} />
                ) : (
                  <Panel placed={placed} view={{ panel: placed.panel, scope: placed.scope, frames, marks, theme, input, variables, outer }} />
                )}
              </Guard>
            </div>
          );
        })}
      </div>
    </ThemeContext.Provider>
  );
}

async function main() {
  const input: Input = await (await fetch('/input.json')).json();
  const theme = createTheme({ colors: { mode: input.theme } });
  document.body.style.background = theme.colors.background.canvas;
  const variables = await variablesOf(input);
  const [marks, drawn] = await Promise.all([
    annotations(input, variables),
    Promise.all(place(input, variables, report.errors).map((placed) => fetched(placed, variables, input, theme))),
  ]);
  marks.forEach((mark) => (mark.color = theme.visualization.getColorByName(mark.color)));
  createRoot(document.getElementById('page') as HTMLElement).render(
    <Page input={input} variables={variables} drawn={drawn} marks={marks} theme={theme} />
  );
  await document.fonts.ready;
  setTimeout(() => ((window as any).report = report), 1500);
}

main().catch((error) => {
  report.errors.push(String(error?.stack ?? error));
  (window as any).report = report;
});
