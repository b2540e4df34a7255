-- geo_v_trsp: what geobus/transport_assignment reads. One row for each row of GEO_E_TRSP, its legs side by side.
-- Refuses nothing and corrects nothing: what the tables lack is NULL here, and the mapping rejects it there.
-- Standard SQL (SQL Server and PostgreSQL). Names of tables and columns: facts/legacy-systems.md §8.
-- Inferred from their names: IdEmb and IdDeb are values of IdPointSrv. A fifth leg (facts: 1 to 4) doubles the row,
-- and the mapping refuses both as duplicate-key: no trip loses a leg in silence.
create view geo_v_trsp as
select
  t.Org, t.Fiche, t.Annee, t.Simul, t.Bloc, t.Per, t.IdAdr, t.DroitTrsp,
  l1.Ordre as ordre_1, r1.NoParc as noparc_1, r1.NoCirc as nocirc_1, r1.IndActive as indactive_1,
  e1.CodeStop as emb_codestop_1, e1.NomStop as emb_nomstop_1, e1.TypeStop as emb_typestop_1, e1.HrePassage as emb_hrepassage_1,
  d1.CodeStop as deb_codestop_1, d1.NomStop as deb_nomstop_1, d1.TypeStop as deb_typestop_1, d1.HrePassage as deb_hrepassage_1,
  l2.Ordre as ordre_2, r2.NoParc as noparc_2, r2.NoCirc as nocirc_2, r2.IndActive as indactive_2,
  e2.CodeStop as emb_codestop_2, e2.NomStop as emb_nomstop_2, e2.TypeStop as emb_typestop_2, e2.HrePassage as emb_hrepassage_2,
  d2.CodeStop as deb_codestop_2, d2.NomStop as deb_nomstop_2, d2.TypeStop as deb_typestop_2, d2.HrePassage as deb_hrepassage_2,
  l3.Ordre as ordre_3, r3.NoParc as noparc_3, r3.NoCirc as nocirc_3, r3.IndActive as indactive_3,
  e3.CodeStop as emb_codestop_3, e3.NomStop as emb_nomstop_3, e3.TypeStop as emb_typestop_3, e3.HrePassage as emb_hrepassage_3,
  d3.CodeStop as deb_codestop_3, d3.NomStop as deb_nomstop_3, d3.TypeStop as deb_typestop_3, d3.HrePassage as deb_hrepassage_3,
  l4.Ordre as ordre_4, r4.NoParc as noparc_4, r4.NoCirc as nocirc_4, r4.IndActive as indactive_4,
  e4.CodeStop as emb_codestop_4, e4.NomStop as emb_nomstop_4, e4.TypeStop as emb_typestop_4, e4.HrePassage as emb_hrepassage_4,
  d4.CodeStop as deb_codestop_4, d4.NomStop as deb_nomstop_4, d4.TypeStop as deb_typestop_4, d4.HrePassage as deb_hrepassage_4
from GEO_E_TRSP t
left join GEO_E_TRSP_PARC l1 on l1.Org = t.Org and l1.Fiche = t.Fiche and l1.Annee = t.Annee and l1.Simul = t.Simul
  and l1.Bloc = t.Bloc and l1.Per = t.Per and l1.Ordre = 1
left join GEO_P_PARC r1 on r1.Annee = l1.Annee and r1.Simul = l1.Simul and r1.IdParc = l1.IdParc
left join GEO_P_POINT_SRV e1 on e1.Annee = l1.Annee and e1.Simul = l1.Simul and e1.IdPointSrv = l1.IdEmb
left join GEO_P_POINT_SRV d1 on d1.Annee = l1.Annee and d1.Simul = l1.Simul and d1.IdPointSrv = l1.IdDeb
left join GEO_E_TRSP_PARC l2 on l2.Org = t.Org and l2.Fiche = t.Fiche and l2.Annee = t.Annee and l2.Simul = t.Simul
  and l2.Bloc = t.Bloc and l2.Per = t.Per and l2.Ordre = 2
left join GEO_P_PARC r2 on r2.Annee = l2.Annee and r2.Simul = l2.Simul and r2.IdParc = l2.IdParc
left join GEO_P_POINT_SRV e2 on e2.Annee = l2.Annee and e2.Simul = l2.Simul and e2.IdPointSrv = l2.IdEmb
left join GEO_P_POINT_SRV d2 on d2.Annee = l2.Annee and d2.Simul = l2.Simul and d2.IdPointSrv = l2.IdDeb
left join GEO_E_TRSP_PARC l3 on l3.Org = t.Org and l3.Fiche = t.Fiche and l3.Annee = t.Annee and l3.Simul = t.Simul
  and l3.Bloc = t.Bloc and l3.Per = t.Per and l3.Ordre = 3
left join GEO_P_PARC r3 on r3.Annee = l3.Annee and r3.Simul = l3.Simul and r3.IdParc = l3.IdParc
left join GEO_P_POINT_SRV e3 on e3.Annee = l3.Annee and e3.Simul = l3.Simul and e3.IdPointSrv = l3.IdEmb
left join GEO_P_POINT_SRV d3 on d3.Annee = l3.Annee and d3.Simul = l3.Simul and d3.IdPointSrv = l3.IdDeb
left join GEO_E_TRSP_PARC l4 on l4.Org = t.Org and l4.Fiche = t.Fiche and l4.Annee = t.Annee and l4.Simul = t.Simul
  and l4.Bloc = t.Bloc and l4.Per = t.Per and l4.Ordre >= 4
left join GEO_P_PARC r4 on r4.Annee = l4.Annee and r4.Simul = l4.Simul and r4.IdParc = l4.IdParc
left join GEO_P_POINT_SRV e4 on e4.Annee = l4.Annee and e4.Simul = l4.Simul and e4.IdPointSrv = l4.IdEmb
left join GEO_P_POINT_SRV d4 on d4.Annee = l4.Annee and d4.Simul = l4.Simul and d4.IdPointSrv = l4.IdDeb;
