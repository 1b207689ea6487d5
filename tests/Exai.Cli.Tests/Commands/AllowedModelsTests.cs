using Exai.Cli.Commands;
using Exai.Settings;

namespace Exai.Cli.Tests.Commands;

/// <summary>What <c>exai token add --models</c> takes, by a home that has GLM alone.</summary>
public sealed class AllowedModelsTests
{
    [Theory]
    [InlineData("glm-4.6", "glm/glm-4.6")]
    [InlineData(" glm-4.6 , glm-4.6 ,", "glm/glm-4.6")]
    [InlineData("glm", "glm/glm-4.6")]
    [InlineData("glm/tomorrow", "glm/tomorrow")]
    [InlineData("glm/*", "glm/*")]
    [InlineData("GLM/GLM-4.5*,glm-4.6", "glm/glm-4.5*,glm/glm-4.6")]
    public void Name_leads_to_its_provider_and_id(string text, string expected)
    {
        var (allowed, notes, problems) = Read(text);

        problems.ShouldBeEmpty();
        notes.ShouldBeEmpty();
        allowed.ShouldBe(expected);
    }

    [Theory]
    [InlineData("kimi-k2", "kimi/kimi-k2-0905-preview")]
    [InlineData("kimi/*", "kimi/*")]
    [InlineData("work/own-model", "work/own-model")]
    public void Model_of_a_provider_that_only_daemons_have_is_allowed_with_a_word_about_it(string text, string expected)
    {
        var (allowed, notes, problems) = Read(text);

        problems.ShouldBeEmpty();
        notes.Single().ShouldContain("no provider that this home has configured");
        allowed.ShouldBe(expected);
    }

    [Theory]
    [InlineData("glm-4.66", "glm-4.6")]
    [InlineData("auto", "no model")]
    [InlineData("*", "no pattern")]
    [InlineData("glm/*-air", "no pattern")]
    [InlineData("/x*", "no pattern")]
    [InlineData(",", "names no model")]
    public void What_cannot_be_meant_is_told(string text, string told) => Read(text).Problems.Single().ShouldContain(told);

    private static (string Allowed, IReadOnlyList<string> Notes, List<string> Problems) Read(string text)
    {
        var settings = SettingsLoader.Load(new SettingsSources
        {
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = Path.GetTempPath(), ["GLM_API_KEY"] = "0123456789abcdef.s3cr3ts3cr3tXYZ" },
        }).Settings;
        List<string> problems = [];
        var (allowed, notes) = AllowedModels.Read(text, settings, problems);
        return (allowed.ToString(), notes, problems);
    }
}
