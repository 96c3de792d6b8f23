/** The stylesheet of every page: system fonts, ink on white, one accent; each text colour has a contrast of 4.5 or more. */
export const STYLE = `
:root{--ink:#1f2328;--muted:#57606a;--line:#d8dee4;--wash:#f6f8fa;--accent:#0a4d8c;
--pass:#1a5e36;--pass-bg:#e6f2ea;--warn:#7a4300;--warn-bg:#fdf1d8;--fail:#9b1c1c;--fail-bg:#fce9e8;--info:#0a4d8c;--info-bg:#e7f0fa;--none:#57606a;--none-bg:#eff2f5}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;color:var(--ink);background:#fff;font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--accent);text-underline-offset:.15em;text-decoration-thickness:1px}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.layout{max-width:86rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .25rem;letter-spacing:-.01em}
h2{font-size:1.4rem;line-height:1.25;margin:3.5rem 0 .75rem;padding-top:1.25rem;border-top:2px solid var(--ink)}
h2.opening{margin-top:1.25rem}
h3{font-size:1.05rem;margin:2.25rem 0 .5rem}
p{margin:.5rem 0;max-width:46rem}
.lead{color:var(--muted);margin:0 0 1.5rem;max-width:60rem}
.says,.muted{color:var(--muted)}
small,.small{font-size:.85rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.84rem;overflow-wrap:break-word}
.hash{overflow-wrap:anywhere;min-width:16rem}
.part{white-space:nowrap}
.below{font-size:.85rem;font-weight:400;color:var(--muted)}
pre{white-space:pre-wrap;background:var(--wash);border:1px solid var(--line);border-radius:4px;padding:.6rem .8rem;margin:.5rem 0}
nav{font-size:.9rem;margin:0 0 2rem}
nav ul{list-style:none;margin:0;padding:0}
nav ul ul{display:flex;flex-wrap:wrap;gap:0 1rem;padding-left:.9rem;margin:.1rem 0 .6rem}
nav a{display:block;padding:.14rem 0;text-decoration:none;overflow-wrap:anywhere}
nav a:hover{text-decoration:underline}
nav ul ul a{color:var(--muted)}
.scroll{overflow-x:auto;margin:.5rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th{text-align:left;font-weight:600;color:var(--muted);font-size:.82rem;padding:.35rem 1rem .35rem 0;border-bottom:1px solid var(--ink);vertical-align:bottom}
td,tbody th{padding:.42rem 1rem .42rem 0;border-bottom:1px solid var(--line);vertical-align:top}
tbody th{font-weight:600;color:var(--ink);font-size:inherit}
tbody th[scope=row]{min-width:8rem}
tbody th code{font-weight:400}
details table{width:auto;min-width:60%}
td:last-child,th:last-child{padding-right:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.value{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tag{display:inline-block;white-space:nowrap;font-size:.8rem;font-weight:600;line-height:1.5;padding:0 .5rem;border-radius:3px;color:var(--none);background:var(--none-bg)}
.tag.pass{color:var(--pass);background:var(--pass-bg)}
.tag.warn{color:var(--warn);background:var(--warn-bg)}
.tag.fail{color:var(--fail);background:var(--fail-bg)}
.tag.info{color:var(--info);background:var(--info-bg)}
.tags .tag{margin:0 .3rem .2rem 0}
.first{border-left:4px solid var(--none);background:var(--none-bg);padding:.7rem 1rem;margin:.75rem 0 1rem;max-width:none}
.first.pass{border-color:var(--pass);background:var(--pass-bg)}
.first.warn{border-color:var(--warn);background:var(--warn-bg)}
.first.fail{border-color:var(--fail);background:var(--fail-bg)}
.first p{margin:.1rem 0;max-width:60rem}
.problems{list-style:none;margin:.5rem 0;padding:0}
.problems li{padding:.5rem 0;border-bottom:1px solid var(--line);display:grid;grid-template-columns:6rem minmax(0,1fr);column-gap:1rem}
.problems p{margin:0}
.equation{border-left:4px solid var(--accent);padding:.6rem 1.25rem;margin:.75rem 0;background:var(--wash);overflow-x:auto}
.equation div{font:1.08rem/1.75 "STIX Two Text","Cambria Math",Cambria,Georgia,"Times New Roman",serif;white-space:pre-wrap}
.equation .filled{color:var(--muted);font-size:1rem}
figure{margin:1.25rem 0 2.25rem}
figcaption{margin:0 0 .6rem;max-width:60rem}
figcaption strong{display:block}
figure.flicker input{margin:0 .35rem .6rem 0}
figure.flicker label{margin-right:1.25rem;font-size:.92rem}
figure.flicker input:nth-of-type(2):checked~svg .flick{animation:none;opacity:0}
figure.flicker input:nth-of-type(3):checked~svg .flick{animation:none;opacity:1}
figure svg,.gauge{display:block;max-width:100%;height:auto}
.gauge{margin:.35rem 0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.25rem 1.25rem;margin:.5rem 0;font-size:.92rem}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
details{margin:.5rem 0}
summary{cursor:pointer;font-weight:600;font-size:.92rem;padding:.2rem 0}
ol.references{padding-left:1.6rem;font-size:.92rem}
ol.references li{margin:.3rem 0;max-width:56rem}
.viewer canvas{width:100%;height:100%;display:block;cursor:crosshair}
.viewer .canvas{height:30rem;background:#000}
.viewer .controls,.rating fieldset{display:flex;flex-wrap:wrap;gap:.3rem 1.25rem;align-items:center;font-size:.92rem;margin:.5rem 0}
.viewer .curve svg{display:block;max-width:100%;height:auto}
.viewer .readout{margin:.75rem 0;max-height:34rem;overflow-y:auto}
.viewer .readout table{width:auto}
.rating{font-size:.92rem;max-width:46rem}
.rating fieldset{border:1px solid var(--line);border-radius:4px;padding:.3rem .8rem .5rem}
.rating .block{display:block;margin:.5rem 0}
.rating textarea,.rating input[type=text]{display:block;width:100%;font:inherit;padding:.3rem .5rem;border:1px solid #6e7781;border-radius:4px}
button{font:inherit;font-size:.92rem;padding:.35rem .9rem;color:#fff;background:var(--accent);border:0;border-radius:4px;cursor:pointer}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.85rem}
@media (min-width:76rem){.layout{display:grid;grid-template-columns:13rem minmax(0,1fr);column-gap:3rem;padding:2.5rem 2rem}
header,main,footer{grid-column:2}
nav ul ul{display:block}
nav{grid-column:1;grid-row:1/span 3;position:sticky;top:1.5rem;align-self:start;max-height:calc(100vh - 3rem);overflow-y:auto;padding-top:.4rem}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{@page{margin:14mm}html{font-size:8.5pt}.layout{padding:0;max-width:none}nav,.viewer .controls,.viewer .canvas,.rating{display:none}
h2{margin-top:2rem}h2,h3,figcaption{break-after:avoid}figure,tr,.problems li,.first,.equation{break-inside:avoid}
details::details-content{content-visibility:visible;display:block;height:auto}
.run+.run{break-before:page}thead{display:table-header-group}.scroll{overflow:visible}td{overflow-wrap:anywhere}a{color:inherit}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`
