//! stub
pub(crate) struct Options;
impl Options {
    pub(crate) fn parse(_: &[String]) -> anyhow::Result<Self> {
        Ok(Self)
    }
}
pub(crate) fn run(_: &Options) -> anyhow::Result<()> {
    Ok(())
}
