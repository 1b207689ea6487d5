using System.Net;
using System.Text.RegularExpressions;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>The page is whole, comes from here alone, and gives away nothing else.</summary>
public sealed partial class PageTests
{
    [Fact]
    public async Task Page_and_everything_that_it_names_is_served_and_nothing_comes_from_elsewhere()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var left = new Queue<string>(["/"]);
        while (left.TryDequeue(out var path))
        {
            if (!seen.Add(path))
            {
                continue;
            }

            using var response = await daemon.AskAsync(path);
            response.StatusCode.ShouldBe(HttpStatusCode.OK, path);
            var text = await response.Content.ReadAsStringAsync(Patience.Token());
            if (!path.Contains("/vendor/"))
            {
                Remote().IsMatch(text.Replace("http://www.w3.org/2000/svg", "")).ShouldBeFalse(path);
            }

            foreach (Match match in Named().Matches(text))
            {
                var name = match.Groups["path"].Value;
                left.Enqueue(name[0] == '/' ? name : new Uri(new Uri("http://page" + path), name).AbsolutePath);
            }
        }

        seen.Count.ShouldBeGreaterThan(8);
        seen.ShouldContain("/assets/vendor/uPlot.iife.min.js");
    }

    [Theory]
    [InlineData("/assets/../page.js")]
    [InlineData("/assets/%2e%2e/health.json")]
    [InlineData("/assets/..%2f..%2ftoken")]
    [InlineData("/assets/nothing.js")]
    public async Task Only_what_was_built_in_has_a_name(string path)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync(path);

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Page_may_run_nothing_but_its_own_files()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync("/");

        response.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'self'");
        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
    }

    [GeneratedRegex("""(?:src=|href=|from )"(?<path>[./][^"#]*\.[a-z]+)";?""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Named();

    [GeneratedRegex("https?://", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Remote();
}
