namespace Exai.Settings.Tests.Loading;

public sealed class NameChecksTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("EXAI_WS_PROT", "EXAI_WS_PORT")]
    [InlineData("GLM_STREAM_TIMOUT", "GLM_STREAM_TIMEOUT")]
    [InlineData("KIMI_APY_KEY", "KIMI_API_KEY")]
    [InlineData("exai_ws_port", "EXAI_WS_PORT")]
    public void Unknown_name_that_looks_like_ours_warns_with_the_nearest(string name, string nearest)
    {
        var result = _temp.Load((name, "1"));
        result.Warnings.ShouldHaveSingleItem().Message.ShouldContain($"did you mean {nearest}?");
        result.Problems.ShouldBeEmpty();
    }

    [Fact]
    public void Unknown_name_that_resembles_nothing_warns_without_a_guess() =>
        _temp.Load(("EXAI_ZZZZZZZZZZZZZZZZZZZZ", "1")).Warnings.ShouldHaveSingleItem().Message.ShouldNotContain("did you mean");

    [Fact]
    public void Foreign_names_of_the_environment_are_nobodys_business()
    {
        var result = _temp.Load(("PATH", "/bin"), ("DEFUALT_MODEL", "x"), ("REDIS_URL", "redis://other-project"));
        result.Warnings.ShouldBeEmpty();
        result.Ignored.ShouldBeEmpty();
    }

    [Fact]
    public void Slip_in_the_settings_file_warns_whatever_its_prefix()
    {
        var result = _temp.WithSettings("DEFUALT_MODEL=x\nDEEPSEEK_API_KEY=k\nKIMI_CHINA_API_KEY=k\n").Load();
        result.Warnings.ShouldHaveSingleItem().Message.ShouldContain("DEFAULT_MODEL");
    }

    /// <summary>Trap 194.</summary>
    [Fact]
    public void Old_names_are_listed_as_ignored_and_complain_of_nothing()
    {
        _temp.WithSettings("REDIS_URL=redis://old\nPYTHONIOENCODING=utf-8\nSUPABASE_KEY=k\n");
        var result = _temp.Load(("PYTHONUNBUFFERED", "1"), ("EXAI_WS_SKIP_HEALTH_CHECK", "true"), ("SIMPLE_TOOL_TIMEOUT_SECS", "60"), ("WORKFLOW_TOOL_TIMEOUT_SECS", "120"));
        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
        result.Ignored.Select(ignored => ignored.Name).ShouldBe(
            ["PYTHONIOENCODING", "REDIS_URL", "SUPABASE_KEY", "EXAI_WS_SKIP_HEALTH_CHECK", "PYTHONUNBUFFERED", "SIMPLE_TOOL_TIMEOUT_SECS", "WORKFLOW_TOOL_TIMEOUT_SECS"],
            ignoreOrder: true);
        result.Ignored.ShouldAllBe(ignored => ignored.Reason.Length > 0 && ignored.Source.Length > 0);
    }

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("prot", "port", 1)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("abcd", "acbd", 1)]
    public void Distance_counts_edits_and_swaps(string left, string right, int expected)
    {
        Exai.Protocol.NearNames.Distance(left, right).ShouldBe(expected);
        Exai.Protocol.NearNames.Distance(right, left).ShouldBe(expected);
    }
}
