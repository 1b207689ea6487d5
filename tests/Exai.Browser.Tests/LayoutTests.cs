using Exai.Browser.Tests.Harness;
using Microsoft.Playwright;

namespace Exai.Browser.Tests;

/// <summary>Every view, light and dark, wide and as narrow as a telephone.</summary>
public sealed class LayoutTests(Chromium chromium)
{
    private static readonly string[] Views = ["Live", "Queues", "Providers", "Sessions", "History", "Threads", "Settings"];

    /// <summary>Texts whose colour is too near to their ground (WCAG AA: 4.5 to 1, 3 to 1 for large ones).</summary>
    private const string FaintTexts = """
        () => {
          const parts = colour => colour.match(/[\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
          const ground = element => { for (let at = element; at; at = at.parentElement) { const c = parts(getComputedStyle(at).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
          const faint = [];
          for (const element of document.querySelectorAll("body *")) {
            if (element.closest("[aria-disabled], .skip, noscript, svg") || ![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) || !element.checkVisibility()) continue;
            const style = getComputedStyle(element);
            const [one, other] = [light(parts(style.color)), light(ground(element))].sort((a, b) => b - a);
            if ((one + 0.05) / (other + 0.05) < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) faint.push(`${element.localName}: ${element.textContent.slice(0, 40)}`);
          }
          return faint;
        }
        """;

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task Every_view_fits_its_width_and_can_be_read(int width, bool dark)
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine, width, dark);
        await page.IsLiveAsync();
        await Assertions.Expect(DashboardPage.Cell(page.Call("Compare these two designs"), "Doing")).ToHaveTextAsync("queued, place 1");
        (await page.Tab.EvaluateAsync<string>("document.documentElement.dataset.theme")).ShouldBe(dark ? "dark" : "light");
        var name = $"{width}-{(dark ? "dark" : "light")}";

        foreach (var view in Views)
        {
            await page.ShowAsync(view);
            await LookAsync(page, $"{name}-{view.ToLowerInvariant()}");
        }

        await page.ShowAsync("History");
        await page.Call("Which index").GetByRole(AriaRole.Link).ClickAsync();
        await Assertions.Expect(page.Tab.GetByText("Its way, link by link")).ToBeVisibleAsync();
        await LookAsync(page, $"{name}-call");
    }

    [Fact]
    public async Task Chosen_theme_outlives_a_reload_and_wins_over_the_system()
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine, dark: true);
        var theme = page.Tab.Locator("html");

        await page.Tab.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Switch between light and dark" }).ClickAsync();
        await Assertions.Expect(theme).ToHaveAttributeAsync("data-theme", "light");
        await page.Tab.ReloadAsync();

        await Assertions.Expect(theme).ToHaveAttributeAsync("data-theme", "light");
    }

    [Fact]
    public async Task Providers_have_their_hours_as_a_chart_that_says_in_words_what_it_shows()
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine);
        await page.ShowAsync("Providers");

        var chart = page.Tab.GetByRole(AriaRole.Img, new PageGetByRoleOptions { Name = "Attempts of glm by hour" });

        await Assertions.Expect(chart).ToHaveAccessibleNameAsync(new System.Text.RegularExpressions.Regex("3 answered, 1 failed"));
        (await chart.Locator("canvas").EvaluateAsync<bool>("canvas => new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer).some(pixel => pixel !== 0)"))
            .ShouldBeTrue("something is drawn");
    }

    private static async Task LookAsync(DashboardPage page, string picture)
    {
        await Assertions.Expect(page.Tab.GetByText("loading…")).ToHaveCountAsync(0);
        await page.PictureAsync(picture);
        (await page.Tab.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth")).ShouldBe(0, $"{picture} scrolls sideways");
        (await page.Tab.EvaluateAsync<string[]>(FaintTexts)).ShouldBeEmpty(picture);
    }
}
